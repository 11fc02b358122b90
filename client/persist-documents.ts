/**
 * Puts hashes in the place of documents when the pages are built: the admin then sends a document's hash, which the server
 * knows (server/http/documents.ts), and no page carries GraphQL text. While pages are worked on the full text is sent.
 */
import { readFileSync } from 'node:fs';
import { Kind, parse } from 'graphql';
import type { Plugin } from 'vite';

/** A document in a source, as client/README.md has it written: graphql(`…`), without a backtick or a `${` in it. */
const DOCUMENT = /\bgraphql\(\s*`([^`]*)`\s*,?\s*\)/g;
const OPERATION = /^\s*(?:query|mutation|subscription)\s+(\w+)/;

/** The name of a document's one operation. */
function operationOf(text: string): string {
  const operation = parse(text).definitions.find((each) => each.kind === Kind.OPERATION_DEFINITION);
  return operation?.name?.value ?? '';
}

/** @param committed the file of `npm run codegen`: `sha256:…` → text. */
export function persistDocuments(committed: string): Plugin {
  const ids = new Map<string, string>();
  return {
    name: 'solvent:persist-documents',
    apply: 'build',
    enforce: 'pre',
    buildStart() {
      ids.clear();
      const texts = JSON.parse(readFileSync(committed, 'utf8')) as Record<string, string>;
      for (const [id, text] of Object.entries(texts)) ids.set(operationOf(text), id);
    },
    transform(code, id) {
      if (!/\.tsx?$/.test(id) || id.includes('/gql/') || !code.includes('graphql(')) return null;
      const replaced = code.replace(DOCUMENT, (whole, text: string) => {
        const name = OPERATION.exec(text)?.[1];
        const lines = '\n'.repeat(whole.split('\n').length - 1);
        // A fragment is part of the operations that spread it, and nothing by itself.
        if (name === undefined) return `null${lines}`;
        const documentId = ids.get(name);
        if (!documentId) this.error(`${id}: ${name} is not persisted: run npm run codegen.`);
        return `({ kind: 'Document', definitions: [], documentId: '${documentId}' })${lines}`;
      });
      return { code: replaced, map: null };
    },
  };
}
