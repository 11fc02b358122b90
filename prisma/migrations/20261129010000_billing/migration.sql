-- CreateEnum
CREATE TYPE "payment_kind" AS ENUM ('PLAN', 'PACK', 'TOP_UP');

-- CreateEnum
CREATE TYPE "book_kind" AS ENUM ('PAYMENT', 'FEE', 'REFUND', 'DISPUTE', 'DISPUTE_FEE');

-- CreateEnum
CREATE TYPE "stripe_event_state" AS ENUM ('DONE', 'KEPT');

-- CreateEnum
CREATE TYPE "billing_request_kind" AS ENUM ('CHECKOUT', 'CHANGE_PLAN', 'CANCEL_SUBSCRIPTION', 'REFUND', 'CHARGE');

-- CreateTable
CREATE TABLE "stripe_customer" (
    "account_id" UUID NOT NULL,
    "id" TEXT NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "stripe_customer_pkey" PRIMARY KEY ("account_id")
);

-- CreateTable
CREATE TABLE "billing_request" (
    "id" UUID NOT NULL,
    "kind" "billing_request_kind" NOT NULL,
    "account_id" UUID NOT NULL,
    "input" JSONB NOT NULL,
    "result" JSONB,
    "created_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "billing_request_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "subscription" (
    "id" TEXT NOT NULL,
    "account_id" UUID NOT NULL,
    "plan_id" TEXT NOT NULL,
    "plan_version_id" UUID NOT NULL,
    "interval" TEXT NOT NULL,
    "status" TEXT NOT NULL,
    "price_micros" BIGINT NOT NULL,
    "started_at" TIMESTAMPTZ(6) NOT NULL,
    "current_period_end" TIMESTAMPTZ(6) NOT NULL,
    "cancel_at_period_end" BOOLEAN NOT NULL,
    "ended_at" TIMESTAMPTZ(6),
    "observed_at" TIMESTAMPTZ(6) NOT NULL,
    "observation" BIGINT NOT NULL,

    CONSTRAINT "subscription_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "payment" (
    "id" UUID NOT NULL,
    "account_id" UUID NOT NULL,
    "kind" "payment_kind" NOT NULL,
    "amount_micros" BIGINT NOT NULL,
    "tax_micros" BIGINT NOT NULL,
    "currency" TEXT NOT NULL,
    "plan_id" TEXT,
    "plan_version_id" UUID,
    "pack_id" TEXT,
    "pack_version_id" UUID,
    "subscription_id" TEXT,
    "credits" INTEGER NOT NULL,
    "grant_id" UUID NOT NULL,
    "payment_intent_id" TEXT,
    "invoice_id" TEXT,
    "paid_at" TIMESTAMPTZ(6) NOT NULL,
    "refunded_micros" BIGINT NOT NULL DEFAULT 0,
    "disputed_micros" BIGINT NOT NULL DEFAULT 0,
    "credits_due" INTEGER NOT NULL DEFAULT 0,
    "credits_taken" INTEGER NOT NULL DEFAULT 0,
    "taken_micros" BIGINT NOT NULL DEFAULT 0,
    "observation" BIGINT NOT NULL,
    "created_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "payment_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "payment_charge" (
    "id" TEXT NOT NULL,
    "payment_id" UUID NOT NULL,
    "payment_intent_id" TEXT,
    "amount_micros" BIGINT NOT NULL,
    "estimate_micros" BIGINT,
    "fee_micros" BIGINT,

    CONSTRAINT "payment_charge_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "payment_part" (
    "id" UUID NOT NULL,
    "payment_id" UUID NOT NULL,
    "account_id" UUID NOT NULL,
    "credits" INTEGER NOT NULL,
    "revenue_micros" BIGINT NOT NULL,
    "returned" BOOLEAN NOT NULL DEFAULT false,
    "due_at" TIMESTAMPTZ(6) NOT NULL,
    "expires_at" TIMESTAMPTZ(6),
    "created_at" TIMESTAMPTZ(6) NOT NULL,
    "grant_id" UUID,
    "given_at" TIMESTAMPTZ(6),
    "canceled_at" TIMESTAMPTZ(6),

    CONSTRAINT "payment_part_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "refund" (
    "id" TEXT NOT NULL,
    "payment_id" UUID NOT NULL,
    "amount_micros" BIGINT NOT NULL,
    "status" TEXT NOT NULL,
    "reason" TEXT,
    "created_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "refund_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "dispute" (
    "id" TEXT NOT NULL,
    "payment_id" UUID NOT NULL,
    "account_id" UUID NOT NULL,
    "amount_micros" BIGINT NOT NULL,
    "status" TEXT NOT NULL,
    "reason" TEXT NOT NULL,
    "opened_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "dispute_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "book_line" (
    "id" UUID NOT NULL,
    "at" TIMESTAMPTZ(6) NOT NULL,
    "kind" "book_kind" NOT NULL,
    "amount_micros" BIGINT NOT NULL,
    "account_id" UUID NOT NULL,
    "payment_id" UUID NOT NULL,
    "plan_id" TEXT,
    "source" TEXT NOT NULL,
    "booked_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "book_line_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "stripe_event" (
    "id" TEXT NOT NULL,
    "type" TEXT NOT NULL,
    "api_version" TEXT,
    "state" "stripe_event_state" NOT NULL,
    "reason" TEXT,
    "payload" JSONB,
    "created_at" TIMESTAMPTZ(6) NOT NULL,
    "received_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "stripe_event_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "sandbox_stripe_object" (
    "id" TEXT NOT NULL,
    "kind" TEXT NOT NULL,
    "data" JSONB NOT NULL,
    "sequence" BIGSERIAL NOT NULL,

    CONSTRAINT "sandbox_stripe_object_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE UNIQUE INDEX "stripe_customer_id_key" ON "stripe_customer"("id");

-- CreateIndex
CREATE INDEX "billing_request_account_id_id_idx" ON "billing_request"("account_id", "id");

-- CreateIndex
CREATE INDEX "subscription_account_id_idx" ON "subscription"("account_id");

-- CreateIndex
CREATE UNIQUE INDEX "payment_payment_intent_id_key" ON "payment"("payment_intent_id");

-- CreateIndex
CREATE UNIQUE INDEX "payment_invoice_id_key" ON "payment"("invoice_id");

-- CreateIndex
CREATE INDEX "payment_account_id_id_idx" ON "payment"("account_id", "id");

-- CreateIndex
CREATE INDEX "payment_subscription_id_idx" ON "payment"("subscription_id");

-- CreateIndex
CREATE INDEX "payment_charge_payment_id_idx" ON "payment_charge"("payment_id");

-- CreateIndex
CREATE INDEX "payment_charge_payment_intent_id_idx" ON "payment_charge"("payment_intent_id");

-- CreateIndex
CREATE INDEX "payment_part_payment_id_idx" ON "payment_part"("payment_id");

-- CreateIndex
CREATE INDEX "refund_payment_id_idx" ON "refund"("payment_id");

-- CreateIndex
CREATE INDEX "dispute_account_id_idx" ON "dispute"("account_id");

-- CreateIndex
CREATE UNIQUE INDEX "book_line_source_key" ON "book_line"("source");

-- CreateIndex
CREATE INDEX "book_line_at_idx" ON "book_line"("at");

-- CreateIndex
CREATE INDEX "book_line_payment_id_idx" ON "book_line"("payment_id");

-- CreateIndex
CREATE INDEX "stripe_event_state_received_at_idx" ON "stripe_event"("state", "received_at" DESC);

-- CreateIndex
CREATE UNIQUE INDEX "sandbox_stripe_object_sequence_key" ON "sandbox_stripe_object"("sequence");

-- CreateIndex
CREATE INDEX "sandbox_stripe_object_kind_sequence_idx" ON "sandbox_stripe_object"("kind", "sequence");

-- Billing: what Prisma's language cannot say. server/billing/README.md is the specification.

-- Numbers the readings of Stripe: taken before one begins, so that what a later number found is never older.
CREATE SEQUENCE stripe_observation;

ALTER TABLE subscription
  ADD CONSTRAINT subscription_interval CHECK (interval IN ('MONTH', 'YEAR')),
  ADD CONSTRAINT subscription_price CHECK (price_micros >= 0);

-- Money is counted once, by the one id that Stripe has for it; a pack's by its payment intent, a plan's by its invoice.
ALTER TABLE payment
  ADD CONSTRAINT payment_amounts CHECK (amount_micros >= 0 AND tax_micros >= 0),
  ADD CONSTRAINT payment_currency CHECK (currency = 'USD'),
  ADD CONSTRAINT payment_of_stripe CHECK (
    (kind = 'PLAN' AND invoice_id IS NOT NULL AND plan_id IS NOT NULL AND subscription_id IS NOT NULL AND pack_id IS NULL)
    OR (kind <> 'PLAN' AND payment_intent_id IS NOT NULL AND pack_id IS NOT NULL AND plan_id IS NULL)),
  -- What went back is never more than came.
  ADD CONSTRAINT payment_back CHECK (refunded_micros BETWEEN 0 AND amount_micros + tax_micros AND disputed_micros >= 0),
  ADD CONSTRAINT payment_credits CHECK (credits > 0 AND credits_due BETWEEN 0 AND credits
    AND credits_taken BETWEEN 0 AND credits AND taken_micros BETWEEN 0 AND amount_micros);

ALTER TABLE payment_charge ADD CONSTRAINT payment_charge_amount CHECK (amount_micros >= 0);
ALTER TABLE refund ADD CONSTRAINT refund_amount CHECK (amount_micros > 0);
ALTER TABLE dispute ADD CONSTRAINT dispute_amount CHECK (amount_micros >= 0);

ALTER TABLE payment_part
  ADD CONSTRAINT payment_part_credits CHECK (credits > 0 AND revenue_micros >= 0),
  ADD CONSTRAINT payment_part_end CHECK ((grant_id IS NULL) = (given_at IS NULL) AND (given_at IS NULL OR canceled_at IS NULL));

-- Parts that are waited for are few among all that ever were.
CREATE INDEX payment_part_waiting ON payment_part (due_at) WHERE given_at IS NULL AND canceled_at IS NULL;

ALTER TABLE book_line ADD CONSTRAINT book_line_sign CHECK (kind <> 'PAYMENT' OR amount_micros >= 0);

CREATE TRIGGER book_line_is_immutable BEFORE UPDATE OR DELETE ON book_line
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
