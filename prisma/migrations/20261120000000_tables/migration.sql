-- CreateEnum
CREATE TYPE "operation" AS ENUM ('GENERATE_IMAGE', 'GENERATE_VIDEO', 'UPSCALE_IMAGE', 'REMOVE_BACKGROUND', 'VECTORIZE_IMAGE', 'DUB_VIDEO');

-- CreateEnum
CREATE TYPE "generation_status" AS ENUM ('QUEUED', 'RUNNING', 'SUCCEEDED', 'FAILED', 'CANCELED');

-- CreateEnum
CREATE TYPE "attempt_outcome" AS ENUM ('SUCCEEDED', 'FAILED_UNBILLED', 'FAILED_BILLED', 'UNKNOWN', 'CANCELED');

-- CreateEnum
CREATE TYPE "tier" AS ENUM ('FREE', 'PAYG', 'BASIC', 'STARTER', 'CREATOR', 'PRO');

-- CreateEnum
CREATE TYPE "grant_source" AS ENUM ('DAILY_FREE', 'PLAN', 'PURCHASE', 'PRIZE', 'REFERRAL', 'ADMIN');

-- CreateEnum
CREATE TYPE "entry_kind" AS ENUM ('GRANT', 'RESERVE', 'POST', 'VOID', 'EXPIRE_RESERVATION', 'EXPIRE_GRANT', 'REVOKE');

-- CreateEnum
CREATE TYPE "reservation_status" AS ENUM ('PENDING', 'POSTED', 'VOIDED', 'EXPIRED');

-- CreateEnum
CREATE TYPE "budget_scope" AS ENUM ('GLOBAL', 'PROVIDER', 'OPERATION', 'TIER', 'ACCOUNT');

-- CreateEnum
CREATE TYPE "budget_period" AS ENUM ('HOUR', 'DAY', 'MONTH');

-- CreateEnum
CREATE TYPE "budget_action" AS ENUM ('WARN', 'BLOCK', 'SHUTDOWN');

-- CreateEnum
CREATE TYPE "protection_state" AS ENUM ('NORMAL', 'WARNING', 'SHUTDOWN');

-- CreateEnum
CREATE TYPE "price_unit" AS ENUM ('OUTPUT', 'SECOND', 'MINUTE');

-- CreateTable
CREATE TABLE "account" (
    "id" UUID NOT NULL,
    "external_id" TEXT NOT NULL,
    "email" TEXT,
    "country" TEXT,
    "tier" "tier" NOT NULL DEFAULT 'FREE',
    "time_zone" TEXT NOT NULL DEFAULT 'UTC',
    "posted" INTEGER NOT NULL DEFAULT 0,
    "reserved" INTEGER NOT NULL DEFAULT 0,
    "entry_sequence" INTEGER NOT NULL DEFAULT 0,
    "next_expiry_at" TIMESTAMPTZ(6),
    "next_free_grant_at" TIMESTAMPTZ(6),
    "created_at" TIMESTAMPTZ(6) NOT NULL,
    "updated_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "account_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "grant" (
    "id" UUID NOT NULL,
    "account_id" UUID NOT NULL,
    "source" "grant_source" NOT NULL,
    "credits" INTEGER NOT NULL,
    "used" INTEGER NOT NULL DEFAULT 0,
    "reserved" INTEGER NOT NULL DEFAULT 0,
    "expired" INTEGER NOT NULL DEFAULT 0,
    "revoked" INTEGER NOT NULL DEFAULT 0,
    "revenue_micros" BIGINT NOT NULL,
    "priority" INTEGER NOT NULL,
    "effective_at" TIMESTAMPTZ(6) NOT NULL,
    "expires_at" TIMESTAMPTZ(6),
    "reason" TEXT,
    "period" TEXT,
    "exhausted" BOOLEAN NOT NULL DEFAULT false,
    "created_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "grant_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "reservation" (
    "id" UUID NOT NULL,
    "account_id" UUID NOT NULL,
    "status" "reservation_status" NOT NULL DEFAULT 'PENDING',
    "credits_reserved" INTEGER NOT NULL,
    "credits_posted" INTEGER NOT NULL DEFAULT 0,
    "ceiling_micros" BIGINT NOT NULL,
    "cost_micros" BIGINT NOT NULL DEFAULT 0,
    "window_ids" BIGINT[],
    "grant_ids" UUID[],
    "grant_reserved" INTEGER[],
    "grant_posted" INTEGER[],
    "grant_revenue" BIGINT[],
    "process_id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL,
    "expires_at" TIMESTAMPTZ(6) NOT NULL,
    "resolved_at" TIMESTAMPTZ(6),

    CONSTRAINT "reservation_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "entry" (
    "account_id" UUID NOT NULL,
    "sequence" INTEGER NOT NULL,
    "kind" "entry_kind" NOT NULL,
    "credits" INTEGER NOT NULL,
    "posted_delta" INTEGER NOT NULL,
    "reserved_delta" INTEGER NOT NULL,
    "available_after" INTEGER NOT NULL,
    "grant_id" UUID,
    "generation_id" UUID,
    "reason" TEXT,
    "created_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "entry_pkey" PRIMARY KEY ("account_id","sequence")
);

-- CreateTable
CREATE TABLE "idempotency_record" (
    "namespace" TEXT NOT NULL,
    "key" TEXT NOT NULL,
    "operation" TEXT NOT NULL,
    "input_hash" TEXT NOT NULL,
    "result_id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "idempotency_record_pkey" PRIMARY KEY ("namespace","key")
);

-- CreateTable
CREATE TABLE "generation" (
    "id" UUID NOT NULL,
    "account_id" UUID NOT NULL,
    "operation" "operation" NOT NULL,
    "status" "generation_status" NOT NULL,
    "provider" TEXT NOT NULL,
    "model" TEXT NOT NULL,
    "prompt" TEXT,
    "request" JSONB NOT NULL,
    "tier" "tier" NOT NULL,
    "country" TEXT,
    "credits_reserved" INTEGER NOT NULL,
    "credits_charged" INTEGER NOT NULL DEFAULT 0,
    "cached" BOOLEAN NOT NULL DEFAULT false,
    "cost_micros" BIGINT NOT NULL DEFAULT 0,
    "revenue_micros" BIGINT NOT NULL DEFAULT 0,
    "model_cost_id" UUID,
    "model_price_id" UUID,
    "quote_id" UUID,
    "sent_at" TIMESTAMPTZ(6),
    "job_id" TEXT,
    "failure_code" TEXT,
    "failure_message" TEXT,
    "failure_retryable" BOOLEAN,
    "retry_after_seconds" INTEGER,
    "created_at" TIMESTAMPTZ(6) NOT NULL,
    "completed_at" TIMESTAMPTZ(6),

    CONSTRAINT "generation_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "attempt" (
    "generation_id" UUID NOT NULL,
    "number" INTEGER NOT NULL,
    "provider" TEXT NOT NULL,
    "model" TEXT NOT NULL,
    "operation" "operation" NOT NULL,
    "account_id" UUID NOT NULL,
    "tier" "tier" NOT NULL,
    "country" TEXT,
    "outcome" "attempt_outcome" NOT NULL,
    "cost_micros" BIGINT NOT NULL,
    "cost_source" TEXT NOT NULL,
    "model_cost_id" UUID,
    "credits_charged" INTEGER NOT NULL,
    "revenue_micros" BIGINT NOT NULL,
    "duration_ms" INTEGER NOT NULL,
    "job_id" TEXT,
    "error" TEXT,
    "started_at" TIMESTAMPTZ(6) NOT NULL,
    "booked_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "attempt_pkey" PRIMARY KEY ("generation_id","number")
);

-- CreateTable
CREATE TABLE "output" (
    "id" UUID NOT NULL,
    "generation_id" UUID NOT NULL,
    "position" INTEGER NOT NULL,
    "sha256" TEXT NOT NULL,
    "content_type" TEXT NOT NULL,
    "bytes" INTEGER NOT NULL,
    "width" INTEGER,
    "height" INTEGER,
    "duration_seconds" DOUBLE PRECISION,

    CONSTRAINT "output_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "hourly_summary" (
    "hour" TIMESTAMPTZ(6) NOT NULL,
    "provider" TEXT NOT NULL,
    "model" TEXT NOT NULL,
    "operation" "operation" NOT NULL,
    "tier" "tier" NOT NULL,
    "country" TEXT NOT NULL,
    "calls" INTEGER NOT NULL,
    "succeeded" INTEGER NOT NULL,
    "failed" INTEGER NOT NULL,
    "credits" BIGINT NOT NULL,
    "cost_micros" BIGINT NOT NULL,
    "lost_cost_micros" BIGINT NOT NULL,
    "revenue_micros" BIGINT NOT NULL,
    "duration_ms" BIGINT NOT NULL,

    CONSTRAINT "hourly_summary_pkey" PRIMARY KEY ("hour","provider","model","operation","tier","country")
);

-- CreateTable
CREATE TABLE "budget" (
    "id" UUID NOT NULL,
    "scope" "budget_scope" NOT NULL,
    "subject" TEXT NOT NULL DEFAULT '',
    "period" "budget_period" NOT NULL,
    "limit_micros" BIGINT NOT NULL,
    "action" "budget_action" NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL,
    "updated_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "budget_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "budget_window" (
    "id" BIGSERIAL NOT NULL,
    "budget_id" UUID NOT NULL,
    "starts_at" TIMESTAMPTZ(6) NOT NULL,
    "ends_at" TIMESTAMPTZ(6) NOT NULL,
    "spent_micros" BIGINT NOT NULL DEFAULT 0,
    "reserved_micros" BIGINT NOT NULL DEFAULT 0,
    "opening_micros" BIGINT NOT NULL DEFAULT 0,
    "excess_micros" BIGINT NOT NULL DEFAULT 0,
    "admitted_limit_micros" BIGINT,

    CONSTRAINT "budget_window_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "protection" (
    "id" INTEGER NOT NULL DEFAULT 1,
    "state" "protection_state" NOT NULL DEFAULT 'NORMAL',
    "reason" TEXT,
    "since" TIMESTAMPTZ(6) NOT NULL,
    "changed_by" TEXT NOT NULL,
    "until" TIMESTAMPTZ(6),

    CONSTRAINT "protection_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "audit_log" (
    "id" UUID NOT NULL,
    "at" TIMESTAMPTZ(6) NOT NULL,
    "actor" TEXT NOT NULL,
    "action" TEXT NOT NULL,
    "subject" TEXT,
    "reason" TEXT,
    "detail" JSONB,

    CONSTRAINT "audit_log_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "catalog_model" (
    "id" TEXT NOT NULL,
    "provider" TEXT NOT NULL,
    "operation" "operation" NOT NULL,
    "vendor_model" TEXT NOT NULL,
    "quality" DOUBLE PRECISION NOT NULL,
    "available_from" TIMESTAMPTZ(6) NOT NULL,
    "retires_at" TIMESTAMPTZ(6),
    "replaced_by_id" TEXT,
    "sizes" TEXT[],
    "qualities" TEXT[],
    "durations" INTEGER[],
    "max_count" INTEGER NOT NULL DEFAULT 1,
    "note" TEXT,

    CONSTRAINT "catalog_model_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "model_cost" (
    "id" UUID NOT NULL,
    "model_id" TEXT NOT NULL,
    "size" TEXT,
    "quality" TEXT,
    "duration_seconds" INTEGER,
    "unit" "price_unit" NOT NULL,
    "cost_micros" BIGINT NOT NULL,
    "effective_from" TIMESTAMPTZ(6) NOT NULL,
    "source" TEXT NOT NULL,
    "last_checked_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "model_cost_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "price_list" (
    "id" TEXT NOT NULL,
    "credit_micros" BIGINT NOT NULL,
    "credit_max_micros" BIGINT NOT NULL,
    "free_credits" INTEGER NOT NULL,
    "free_period" "budget_period" NOT NULL,
    "note" TEXT,

    CONSTRAINT "price_list_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "model_price" (
    "id" UUID NOT NULL,
    "price_list_id" TEXT NOT NULL,
    "model_id" TEXT NOT NULL,
    "size" TEXT,
    "quality" TEXT,
    "duration_seconds" INTEGER,
    "unit" "price_unit" NOT NULL,
    "credits" INTEGER NOT NULL,
    "effective_from" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "model_price_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "quote" (
    "id" UUID NOT NULL,
    "account_id" UUID,
    "model" TEXT NOT NULL,
    "request" JSONB NOT NULL,
    "credits" INTEGER NOT NULL,
    "cost_micros" BIGINT NOT NULL,
    "model_cost_id" UUID NOT NULL,
    "model_price_id" UUID NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL,
    "expires_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "quote_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "api_key" (
    "id" UUID NOT NULL,
    "name" TEXT NOT NULL,
    "prefix" TEXT NOT NULL,
    "hash" TEXT NOT NULL,
    "scopes" TEXT[],
    "created_at" TIMESTAMPTZ(6) NOT NULL,
    "last_used_at" TIMESTAMPTZ(6),
    "revoked_at" TIMESTAMPTZ(6),

    CONSTRAINT "api_key_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "admin" (
    "id" UUID NOT NULL,
    "email" TEXT NOT NULL,
    "password_hash" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "admin_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "admin_session" (
    "id" UUID NOT NULL,
    "admin_id" UUID NOT NULL,
    "hash" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL,
    "expires_at" TIMESTAMPTZ(6) NOT NULL,
    "revoked_at" TIMESTAMPTZ(6),

    CONSTRAINT "admin_session_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "server_process" (
    "id" UUID NOT NULL,
    "started_at" TIMESTAMPTZ(6) NOT NULL,
    "heartbeat_at" TIMESTAMPTZ(6) NOT NULL,
    "stopped_at" TIMESTAMPTZ(6),

    CONSTRAINT "server_process_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "setting" (
    "key" TEXT NOT NULL,
    "value" TEXT NOT NULL,

    CONSTRAINT "setting_pkey" PRIMARY KEY ("key")
);

-- CreateIndex
CREATE UNIQUE INDEX "account_external_id_key" ON "account"("external_id");

-- CreateIndex
CREATE INDEX "account_next_expiry_at_idx" ON "account"("next_expiry_at");

-- CreateIndex
CREATE INDEX "grant_account_id_exhausted_idx" ON "grant"("account_id", "exhausted");

-- CreateIndex
CREATE UNIQUE INDEX "grant_account_id_source_period_key" ON "grant"("account_id", "source", "period");

-- CreateIndex
CREATE INDEX "generation_account_id_id_idx" ON "generation"("account_id", "id");

-- CreateIndex
CREATE INDEX "generation_created_at_idx" ON "generation" USING BRIN ("created_at");

-- CreateIndex
CREATE INDEX "attempt_booked_at_idx" ON "attempt" USING BRIN ("booked_at");

-- CreateIndex
CREATE UNIQUE INDEX "output_generation_id_position_key" ON "output"("generation_id", "position");

-- CreateIndex
CREATE UNIQUE INDEX "budget_scope_subject_period_key" ON "budget"("scope", "subject", "period");

-- CreateIndex
CREATE UNIQUE INDEX "budget_window_budget_id_starts_at_key" ON "budget_window"("budget_id", "starts_at");

-- CreateIndex
CREATE INDEX "audit_log_at_idx" ON "audit_log"("at" DESC);

-- CreateIndex
CREATE UNIQUE INDEX "model_cost_model_id_size_quality_duration_seconds_effective_key" ON "model_cost"("model_id", "size", "quality", "duration_seconds", "effective_from");

-- CreateIndex
CREATE UNIQUE INDEX "model_price_price_list_id_model_id_size_quality_duration_se_key" ON "model_price"("price_list_id", "model_id", "size", "quality", "duration_seconds", "effective_from");

-- CreateIndex
CREATE INDEX "quote_expires_at_idx" ON "quote"("expires_at");

-- CreateIndex
CREATE UNIQUE INDEX "api_key_hash_key" ON "api_key"("hash");

-- CreateIndex
CREATE UNIQUE INDEX "admin_email_key" ON "admin"("email");

-- CreateIndex
CREATE UNIQUE INDEX "admin_session_hash_key" ON "admin_session"("hash");
