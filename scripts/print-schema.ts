/** Prints the schema, sorted: `node scripts/print-schema.ts [check]`. */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { lexicographicSortSchema, printSchema } from 'graphql';
import { schema } from '../schema/index.ts';

const file = join(import.meta.dirname, '../schema/schema.graphql');
const printed = `${printSchema(lexicographicSortSchema(schema))}\n`;

if (process.argv[2] === 'check') {
  if (readFileSync(file, 'utf8') !== printed) {
    console.error('schema/schema.graphql is stale. Run: npm run print-schema');
    process.exit(1);
  }
  console.log('schema/schema.graphql is fresh');
} else {
  writeFileSync(file, printed);
  console.log('wrote schema/schema.graphql');
}
