-- CreateEnum
CREATE TYPE "plan_interval" AS ENUM ('MONTH', 'YEAR');

-- CreateTable
CREATE TABLE "plan" (
    "id" TEXT NOT NULL,
    "price_list_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,
    "tier" "tier" NOT NULL,
    "note" TEXT,

    CONSTRAINT "plan_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "plan_version" (
    "id" UUID NOT NULL,
    "plan_id" TEXT NOT NULL,
    "interval" "plan_interval" NOT NULL,
    "price_micros" BIGINT NOT NULL,
    "credits" INTEGER NOT NULL,
    "rollover" BOOLEAN NOT NULL,
    "included" JSONB NOT NULL DEFAULT '[]',
    "effective_from" TIMESTAMPTZ(6) NOT NULL,
    "retired" BOOLEAN NOT NULL DEFAULT false,
    "created_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "plan_version_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "pack" (
    "id" TEXT NOT NULL,
    "price_list_id" TEXT NOT NULL,
    "name" TEXT NOT NULL,

    CONSTRAINT "pack_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "pack_version" (
    "id" UUID NOT NULL,
    "pack_id" TEXT NOT NULL,
    "price_micros" BIGINT NOT NULL,
    "credits" INTEGER NOT NULL,
    "effective_from" TIMESTAMPTZ(6) NOT NULL,
    "retired" BOOLEAN NOT NULL DEFAULT false,
    "created_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "pack_version_pkey" PRIMARY KEY ("id")
);

-- CreateIndex
CREATE INDEX "plan_version_plan_id_interval_effective_from_idx" ON "plan_version"("plan_id", "interval", "effective_from");

-- CreateIndex
CREATE INDEX "pack_version_pack_id_effective_from_idx" ON "pack_version"("pack_id", "effective_from");

-- What was offered is what was sold: a change is a new version, with a date of its own.
ALTER TABLE plan_version ADD CONSTRAINT plan_version_figures CHECK (price_micros > 0 AND credits > 0);
ALTER TABLE pack_version ADD CONSTRAINT pack_version_figures CHECK (price_micros > 0 AND credits > 0);

CREATE TRIGGER plan_version_is_immutable BEFORE UPDATE OR DELETE ON plan_version
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
CREATE TRIGGER pack_version_is_immutable BEFORE UPDATE OR DELETE ON pack_version
  FOR EACH ROW EXECUTE FUNCTION refuse_change();
