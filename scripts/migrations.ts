/**
 * Writes and checks migrations with Prisma's own schema engine, in its WebAssembly build over an in-memory
 * PGlite: `prisma migrate` would download a native binary and want a shadow database.
 *
 *   node scripts/migrations.ts check          exit 1 when migrations and schema.prisma differ
 *   node scripts/migrations.ts write NAME     writes prisma/migrations/<time>_NAME/migration.sql
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { PGlite } from '@electric-sql/pglite';
import { bindMigrationAwareSqlAdapterFactory } from '@prisma/driver-adapter-utils';
import { PrismaPGlite } from 'pglite-prisma-adapter';

const root = join(import.meta.dirname, '..');
const migrationsFolder = join(root, 'prisma/migrations');
const lockFile = join(migrationsFolder, 'migration_lock.toml');

/** PGlite's Prisma adapter answers `executeScript` before the script has run; the engine needs it after. */
function pgliteFactory() {
  const factory = new PrismaPGlite(new PGlite());
  const connectToShadowDb = async () => {
    const client = new PGlite();
    const adapter = await new PrismaPGlite(client).connect();
    return Object.assign(adapter, {
      executeScript: async (script: string) => void (await client.exec(script)),
      dispose: () => client.close(),
    });
  };
  return Object.assign(factory, { connectToShadowDb });
}

/** The package exports only a door for bundlers, so that its parts are reached by path. */
const enginePackage = join(root, 'node_modules/@prisma/schema-engine-wasm');

async function startEngine() {
  const engineModule = await import(join(enginePackage, 'schema_engine_bg.js'));
  const wasm = readFileSync(join(enginePackage, 'schema_engine_bg.wasm'));
  const { instance } = await WebAssembly.instantiate(wasm, {
    './schema_engine_bg.js': engineModule as unknown as WebAssembly.ModuleImports,
  });
  engineModule.__wbg_set_wasm(instance.exports);
  (instance.exports.__wbindgen_start as () => void)();
  const factory = bindMigrationAwareSqlAdapterFactory(pgliteFactory() as never);
  return engineModule.SchemaEngine.new({ datamodels: undefined }, () => {}, factory);
}

/**
 * The SQL that leads from the migrations to schema.prisma; empty when they agree.
 * CHECKs and functions are outside what the engine compares.
 */
export async function difference(): Promise<string> {
  const engine = await startEngine();
  const migrationDirectories = readdirSync(migrationsFolder, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map((entry) => entry.name)
    .sort()
    .map((path) => ({
      path,
      migrationFile: {
        path: 'migration.sql',
        content: {
          tag: 'ok' as const,
          value: readFileSync(join(migrationsFolder, path, 'migration.sql'), 'utf8'),
        },
      },
    }));
  const schemaPath = join(root, 'prisma/schema.prisma');
  const result = await engine.diff({
    from: {
      tag: 'migrations',
      baseDir: migrationsFolder,
      lockfile: { path: 'migration_lock.toml', content: readFileSync(lockFile, 'utf8') },
      shadowDbInitScript: '',
      migrationDirectories,
    },
    to: { tag: 'schemaDatamodel', files: [{ path: schemaPath, content: readFileSync(schemaPath, 'utf8') }] },
    script: true,
    shadowDatabaseUrl: null,
    exitCode: null,
    filters: { externalTables: [], externalEnums: [] },
  } as never);
  const script = result.stdout ?? '';
  return script.includes('This is an empty migration') ? '' : script.trim();
}

if (import.meta.main) {
  const [command, name] = process.argv.slice(2);
  const script = await difference();
  if (command === 'check') {
    if (script) {
      console.error(
        `prisma/migrations and prisma/schema.prisma differ. Run: node scripts/migrations.ts write NAME\n\n${script}`,
      );
      process.exit(1);
    }
    console.log('migrations = schema.prisma');
  } else if (command === 'write' && name) {
    if (!script) throw new Error('Nothing to write: migrations and schema.prisma agree.');
    const stamp = new Date().toISOString().replace(/\D/g, '').slice(0, 14);
    const folder = join(migrationsFolder, `${stamp}_${name}`);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'migration.sql'), `${script}\n`);
    console.log(`wrote prisma/migrations/${stamp}_${name}/migration.sql: read it before you commit it`);
  } else {
    throw new Error('usage: node scripts/migrations.ts check | write NAME');
  }
  process.exit(0);
}
