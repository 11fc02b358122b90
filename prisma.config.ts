import { defineConfig } from 'prisma/config';

// `prisma generate` needs no schema engine, yet the command line looks for a downloaded one before it does
// anything. Pointing it at a binary that exists keeps the install free of downloads. Migrations are written
// and checked by the same engine in WebAssembly (scripts/migrations.ts).
process.env.PRISMA_SCHEMA_ENGINE_BINARY ??= process.execPath;
process.env.CHECKPOINT_DISABLE ??= '1';
process.env.PRISMA_HIDE_UPDATE_MESSAGE ??= '1';

export default defineConfig({
  schema: 'prisma/schema.prisma',
  migrations: { path: 'prisma/migrations' },
});
