-- AlterTable
ALTER TABLE "catalog_model" ADD COLUMN     "needs_image" BOOLEAN NOT NULL DEFAULT false;

-- The one shipped model that makes films of pictures only. Seeding touches no row that is there.
UPDATE "catalog_model" SET "needs_image" = true WHERE "id" = 'runway/gen4_turbo';
