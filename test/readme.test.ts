/** What the documents name exists: commands, variables, paths, links, codes; and what they show of GraphQL is valid. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import { buildSchema, isEnumType, parse, validate } from 'graphql';
import { CloseCode as GraphqlWsCode } from 'graphql-ws';
import { describe, expect, test } from 'vitest';
import { VARIABLE_NAMES } from '../server/environment.ts';
import { CloseCode } from '../server/http/index.ts';
import type { Operation } from '../server/providers/index.ts';
import type { ProviderHarness } from './contracts/harness.ts';
import { HARNESSES } from './contracts/vendors/index.ts';

const ROOT = join(import.meta.dirname, '..');
const LEFT_OUT = /^(node_modules|\.git|\.data|\.ci|bench-results|coverage|server\/database\/client)$/;

function filesUnder(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
    if (LEFT_OUT.test(path)) return [];
    return entry.isDirectory() ? filesUnder(path) : [path];
  });
}

const read = (path: string) => readFileSync(join(ROOT, path), 'utf8');
const FILES = filesUnder('');
const DOCUMENTS = FILES.filter((path) => path.endsWith('.md'));
const PROTOCOL = 'server/http/PROTOCOL.md';
/** The plugin's own README speaks of a schema and a ledger that are its reader's. */
const OURS = DOCUMENTS.filter((path) => path !== 'schema/plugin-credits/README.md');
const schema = buildSchema(read('schema/schema.graphql'));

/** Fails with all of the sentences at once. */
function expectNone(sentences: readonly string[]): void {
  expect([...new Set(sentences)].join('\n')).toBe('');
}

/** Every match of a pattern in a document, with its groups. */
const all = (text: string, pattern: RegExp) => [...text.matchAll(pattern)];
const withoutBlocks = (text: string) => text.replace(/^```[\s\S]*?^```/gm, '');

/** The name that a heading is linked by, as GitHub makes it. */
const slugOf = (heading: string) =>
  heading
    .toLowerCase()
    .replace(/[^\p{L}\p{N}\s_-]/gu, '')
    .trim()
    .replace(/\s/g, '-');

describe('every document', () => {
  test('links to what is there', () => {
    expectNone(
      DOCUMENTS.flatMap((path) =>
        all(withoutBlocks(read(path)), /\]\(([^)\s]+)\)/g).flatMap(([, target = '']) => {
          if (/^https?:/.test(target)) return [];
          const [file = '', anchor] = target.split('#');
          const to = file === '' ? path : relative(ROOT, join(ROOT, dirname(path), file));
          if (!existsSync(join(ROOT, to))) return `${path} links to ${target}, which is not there.`;
          if (anchor === undefined) return [];
          const headings = all(withoutBlocks(read(to)), /^#+ (.+)$/gm).map(([, heading = '']) =>
            slugOf(heading),
          );
          return headings.includes(anchor)
            ? []
            : `${path} links to ${target}, and ${to} has no such heading.`;
        }),
      ),
    );
  });

  test('names commands that are there', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    expectNone(
      OURS.flatMap((path) => {
        const text = read(path);
        return [
          ...all(text, /npm run ([\w:-]+)/g)
            .filter(([, name = '']) => !(name in scripts))
            .map(([, name]) => `${path} names npm run ${name}, which package.json has not.`),
          ...all(text, /npm (start|test)\b/g)
            .filter(([, name = '']) => !(name in scripts))
            .map(([, name]) => `${path} names npm ${name}, which package.json has not.`),
          ...all(text, /npm run solvent -- (\w+)/g)
            .filter(([, name]) => !FILES.includes(`server/cli/${name}.ts`))
            .map(([, name]) => `${path} names the command ${name}, and there is no server/cli/${name}.ts.`),
          ...all(text, /node (scripts\/[\w-]+\.ts|server\/[\w/-]+\.ts)/g)
            .filter(([, file = '']) => !FILES.includes(file))
            .map(([, file]) => `${path} names ${file}, which is not there.`),
        ];
      }),
    );
  });

  test('names variables and codes that are there', () => {
    const values = Object.values(schema.getTypeMap()).flatMap((type) =>
      isEnumType(type) ? type.getValues().map(({ name }) => name) : [],
    );
    const source = FILES.filter((path) => /^(server|schema|test|prisma)\/.*\.(ts|prisma)$/.test(path)).map(
      read,
    );
    const words = new Set([...VARIABLE_NAMES, ...values]);
    const isKnown = (name: string) =>
      words.has(name) || source.some((text) => new RegExp(`\\b${name}\\b`).test(text));
    expectNone(
      OURS.flatMap((path) =>
        all(read(path), /`[^`\n]*`/g)
          .flatMap(([code]) => all(code, /(?<![\w<…])[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+(?!\w)/g))
          .map(([name]) => name)
          .filter((name) => !isKnown(name))
          .map((name) => `${path} names ${name}, which nothing knows.`),
      ),
    );
    expectNone(
      ['README.md', 'Dockerfile', 'compose.yaml'].flatMap((path) =>
        all(
          read(path),
          /\b((?:OPENAI|REPLICATE|SOLVENT|SANDBOX|DATABASE|DATA|PUBLIC|PRICE|MIDJOURNEY)_[A-Z_]+)\b/g,
        )
          .map(([, name = '']) => name)
          .filter((name) => !VARIABLE_NAMES.includes(name))
          .map((name) => `${path} names the variable ${name}, which server/environment.ts does not read.`),
      ),
    );
  });

  test('names files that are there', () => {
    const rooted = /^(server|schema|client|test|scripts|prisma|\.ci)\/[\w./-]*$/;
    expectNone(
      OURS.flatMap((path) =>
        all(withoutBlocks(read(path)), /`([^`\s]+)`/g)
          .map(([, name = '']) => name)
          .filter((name) => rooted.test(name) && !existsSync(join(ROOT, name)))
          .map((name) => `${path} names ${name}, which is not there.`),
      ),
    );
  });

  test('shows GraphQL that the schema takes', () => {
    const shown = OURS.flatMap((path) => {
      const text = read(path);
      return [
        ...all(text, /^```graphql\n([\s\S]*?)^```/gm),
        ...all(text, /"query": "((?:[^"\\]|\\.)*)"/g),
        ...all(text, /query: `([^`]*)`/g),
        ...all(text, /`((?:mutation|query|subscription) ?[({][^`]*)`/g),
      ].map(([, document = '']) => ({ path, document }));
    });
    expect(shown.length).toBeGreaterThan(3);
    expectNone(
      shown.flatMap(({ path, document }) =>
        validate(schema, parse(document)).map(({ message }) => `${path} shows what is not valid: ${message}`),
      ),
    );
  });
});

describe('PROTOCOL.md', () => {
  /** The first column of a section's table. */
  const column = (section: string) => {
    const [, text = ''] = read(PROTOCOL).split(new RegExp(`^## ${section}$`, 'm'));
    const [own = ''] = text.split(/^## /m);
    return all(own, /^\| `?([\w/:]+)`? \|/gm)
      .map(([, name = '']) => name)
      .filter((name) => !['code', 'path', 'limit', 'close'].includes(name));
  };
  const served = FILES.filter((path) => /^(server\/http\/|schema\/errors)[\w/.-]*\.ts$/.test(path)).map(read);

  test('has a row for each code of a condition', () => {
    /** Said by yoga and its plugins. */
    const yoga = [
      'BAD_REQUEST',
      'GRAPHQL_PARSE_FAILED',
      'GRAPHQL_VALIDATION_FAILED',
      'OPERATION_RESOLUTION_FAILURE',
    ];
    const said = served.flatMap((text) => [
      ...all(text, /conditionOf\(\s*'([A-Z_]+)'/g),
      ...all(text, /sendError\(\s*response,\s*\d+,\s*'([A-Z_]+)'/g),
      ...all(text, /\bcode: '([A-Z_]+)'/g),
    ]);
    const codes = new Set([...yoga, ...said.map(([, code = '']) => code)]);
    expect(column('Error codes').sort()).toEqual([...codes].sort());
  });

  test('has a row for each code of an outcome', () => {
    const codes = schema.getType('ErrorCode');
    const names = isEnumType(codes) ? codes.getValues().map(({ name }) => name) : [];
    expect(column('Outcomes').sort()).toEqual(names.sort());
  });

  test('has a row for each close code', () => {
    /** What a client says of a bad server, and a refusal without a reason, which no server of ours gives. */
    const others = new Set([
      GraphqlWsCode.InternalClientError,
      GraphqlWsCode.BadResponse,
      GraphqlWsCode.ConnectionAcknowledgementTimeout,
      GraphqlWsCode.Forbidden,
    ]);
    const codes = Object.values(GraphqlWsCode).filter(
      (code): code is GraphqlWsCode => typeof code === 'number' && !others.has(code),
    );
    /** Of the WebSocket protocol itself: a message that is too large. */
    const TOO_LARGE = 1009;
    const expected = new Set<number>([...codes, ...Object.values(CloseCode), TOO_LARGE]);
    expect(column('WebSocket').map(Number).sort()).toEqual([...expected].sort());
  });

  /** What there is below a path that ends in a slash. */
  const BELOW: Readonly<Record<string, readonly string[]>> = {
    '/files/': ['/files/:id'],
    '/webhooks/': ['/webhooks/:provider'],
    '/import/history/': ['/import/history/:id', '/import/history/:id/rejected.csv'],
  };

  test('has a row for each path', () => {
    const [door = ''] = served.filter((text) => text.includes('const route ='));
    const paths = [
      ...all(door, /path === '([^']+)'/g),
      ...all(door, /case '([^']+)':/g),
      ...all(door, /path\.startsWith\('([^']+)'\)/g),
    ].flatMap(([, path = '']) => BELOW[path] ?? [path]);
    const [, section = ''] = read(PROTOCOL).split('## Paths');
    const named = all(section.split('\n## ')[0] ?? '', /^\| (.+?) \|/gm).flatMap(([, cell = '']) =>
      all(cell, /`([^`]+)`/g).map(([, path]) => path),
    );
    expect(named.sort()).toEqual([...new Set(paths)].sort());
  });
});

describe("README.md's table of vendors", () => {
  const NAMES: Readonly<Record<Operation, string>> = {
    GENERATE_IMAGE: 'images',
    GENERATE_VIDEO: 'video',
    UPSCALE_IMAGE: 'upscaling',
    REMOVE_BACKGROUND: 'backgrounds',
    VECTORIZE_IMAGE: 'vectors',
    DUB_VIDEO: 'dubbing',
  };
  const vendorOf = ({ model }: ProviderHarness) => model.split('/')[0] ?? '';
  const unique = (values: readonly string[]) => [...new Set(values)].join(', ');

  /** What a session of the suite shows, in the table's words. */
  async function shown(harness: ProviderHarness) {
    await using session = await harness.start();
    const { jobs, answersAtOnce, webhooks } = session;
    return {
      answers: !jobs ? 'at once' : answersAtOnce === false ? 'job' : 'at once or job',
      cancel: jobs && harness.cancelable !== false ? 'yes' : 'no',
      webhook: webhooks ? (webhooks.signed ? 'signed' : 'unsigned') : 'no',
    };
  }

  test('says of each vendor what the suite over it says', async () => {
    const [, section = ''] = read('README.md').split(/^## Vendors$/m);
    const [own = ''] = section.split(/^## /m);
    const rows = all(own, /^\| [^|]*`([\w-]+)` \| (.*) \|$/gm).map(([, vendor = '', cells = '']) => {
      const [operations, , answers, cancel, webhook, models = ''] = cells.split(' | ');
      return { vendor, operations, answers, cancel, webhook, models: models.replaceAll('`', '') };
    });
    const tested = await Promise.all(
      unique(HARNESSES.map(vendorOf))
        .split(', ')
        .map(async (vendor) => {
          const harnesses = HARNESSES.filter((harness) => vendorOf(harness) === vendor);
          const [first, ...others] = await Promise.all(harnesses.map(shown));
          for (const other of others) expect(other).toEqual(first);
          return {
            vendor,
            operations: unique(harnesses.map(({ request }) => NAMES[request.operation])),
            ...first,
            models: unique(harnesses.map(({ model }) => model.slice(vendor.length + 1))),
          };
        }),
    );
    expect(rows).toEqual(tested);
  });
});
