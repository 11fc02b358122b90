-- Links of outputs can be revoked and expire; their files are then removed from storage in two steps.

-- AlterTable
ALTER TABLE "output" ADD COLUMN     "expired_at" TIMESTAMPTZ(6),
ADD COLUMN     "revoked_at" TIMESTAMPTZ(6);

-- CreateTable
CREATE TABLE "removal" (
    "sha256" TEXT NOT NULL,
    "endings" INTEGER NOT NULL DEFAULT 1,
    "set_aside_at" TIMESTAMPTZ(6),
    "due_at" TIMESTAMPTZ(6) NOT NULL,

    CONSTRAINT "removal_pkey" PRIMARY KEY ("sha256")
);

-- CreateIndex
CREATE INDEX "removal_due_at_idx" ON "removal"("due_at");

-- CreateIndex
CREATE INDEX "output_sha256_idx" ON "output"("sha256");

-- What Prisma's language cannot say: outputs that have not ended, in the order in which they were made, for the sweep.
CREATE INDEX output_kept ON output (id) WHERE revoked_at IS NULL AND expired_at IS NULL;

ALTER TABLE removal ADD CONSTRAINT removal_endings_are_counted CHECK (endings > 0);
