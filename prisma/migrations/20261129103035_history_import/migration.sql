-- CreateEnum
CREATE TYPE "history_import_state" AS ENUM ('UPLOADING', 'CHECKING', 'CHECKED', 'IMPORTING', 'IMPORTED', 'FAILED');

-- CreateTable
CREATE TABLE "history_import" (
    "id" UUID NOT NULL,
    "state" "history_import_state" NOT NULL,
    "file_name" TEXT NOT NULL,
    "layout" TEXT,
    "file_bytes" BIGINT NOT NULL,
    "received_bytes" BIGINT NOT NULL,
    "run" INTEGER NOT NULL,
    "read_bytes" BIGINT NOT NULL,
    "rows" INTEGER NOT NULL,
    "added" INTEGER NOT NULL,
    "present" INTEGER NOT NULL,
    "rejected" INTEGER NOT NULL,
    "cost_micros" BIGINT NOT NULL,
    "revenue_micros" BIGINT NOT NULL,
    "problem" TEXT,
    "created_at" TIMESTAMPTZ(6) NOT NULL,
    "created_by" TEXT NOT NULL,
    "changed_at" TIMESTAMPTZ(6) NOT NULL,
    "finished_at" TIMESTAMPTZ(6),

    CONSTRAINT "history_import_pkey" PRIMARY KEY ("id")
);

-- CreateTable
CREATE TABLE "history_import_part" (
    "import_id" UUID NOT NULL,
    "position" BIGINT NOT NULL,
    "content" BYTEA NOT NULL,

    CONSTRAINT "history_import_part_pkey" PRIMARY KEY ("import_id","position")
);

-- CreateTable
CREATE TABLE "history_import_reject" (
    "import_id" UUID NOT NULL,
    "number" INTEGER NOT NULL,
    "line" INTEGER NOT NULL,
    "problem" TEXT NOT NULL,
    "csv" TEXT NOT NULL,

    CONSTRAINT "history_import_reject_pkey" PRIMARY KEY ("import_id","number")
);

-- CreateIndex
CREATE INDEX "history_import_reject_import_id_line_number_idx" ON "history_import_reject"("import_id", "line", "number");

-- ------------------------------------------------------------------------------------------------ invariants

ALTER TABLE history_import ADD CONSTRAINT history_import_bytes CHECK (file_bytes > 0 AND received_bytes BETWEEN 0 AND file_bytes
  AND read_bytes BETWEEN 0 AND file_bytes AND (state = 'UPLOADING') = (received_bytes < file_bytes));
ALTER TABLE history_import ADD CONSTRAINT history_import_counts CHECK (file_name <> '' AND run >= 0 AND rows >= 0 AND added >= 0
  AND present >= 0 AND rejected >= 0 AND cost_micros >= 0 AND revenue_micros >= 0);
ALTER TABLE history_import ADD CONSTRAINT history_import_end CHECK (
  (state IN ('IMPORTED', 'FAILED')) = (finished_at IS NOT NULL) AND (state = 'FAILED') = (problem IS NOT NULL));
ALTER TABLE history_import_part ADD CONSTRAINT history_import_part_content CHECK (position >= 0 AND length(content) > 0);
ALTER TABLE history_import_reject ADD CONSTRAINT history_import_reject_numbers CHECK (number > 0 AND line > 0);

-- What files are made of does not become smaller by being pressed while they arrive.
ALTER TABLE history_import_part ALTER COLUMN content SET STORAGE EXTERNAL;
