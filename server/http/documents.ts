/**
 * Persisted documents: the admin's own, committed with it. A request names one by its hash instead of sending its text, and
 * a site can have it that an admin's session may send nothing else (`ADMIN_PERSISTED_ONLY`). PROTOCOL.md says how.
 */
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ExecutionArgs, GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { Context } from '../../schema/index.ts';

/** Written by `npm run codegen`: `sha256:…` → text. */
const COMMITTED = join(import.meta.dirname, '../../client/admin/gql/persisted-documents.json');

/** The documents that have been agreed upon. */
export interface Documents {
  /**
   * The text of a document.
   *
   * @param id `sha256:` and 64 hexadecimal digits.
   * @throws PERSISTED_DOCUMENT_NOT_FOUND.
   */
  textOf(id: unknown): string;
  /** Whether a text is one of them, whichever way it came. */
  includes(text: string): boolean;
}

/** Reads the committed documents. An installation without them has none. */
export function readDocuments(path = COMMITTED): Documents {
  const texts = new Map<string, string>(
    existsSync(path) ? Object.entries(JSON.parse(readFileSync(path, 'utf8')) as Record<string, string>) : [],
  );
  const all = new Set(texts.values());
  return {
    textOf(id) {
      const text = typeof id === 'string' ? texts.get(id) : undefined;
      if (text !== undefined) return text;
      throw new GraphQLError('There is no such document here: load the page again, or send `query`.', {
        extensions: { code: 'PERSISTED_DOCUMENT_NOT_FOUND', http: { status: 404 } },
      });
    },
    includes: (text) => all.has(text),
  };
}

function required(): GraphQLError {
  return new GraphQLError(
    "An admin's session may only send the admin's own documents here; use an API key for others.",
    { extensions: { code: 'PERSISTED_DOCUMENT_REQUIRED', http: { status: 403 } } },
  );
}

/**
 * Puts a document's text in the place of its id, and refuses other texts to admins' sessions where that is asked for.
 *
 * @param isRequired whether it is: `ADMIN_PERSISTED_ONLY`.
 */
export function usePersistedDocuments(documents: Documents, isRequired: boolean): Plugin<Context> {
  const refuse = ({
    args,
    setResultAndStopExecution,
  }: {
    args: ExecutionArgs;
    setResultAndStopExecution: (result: { errors: GraphQLError[] }) => void;
  }) => {
    const { caller } = args.contextValue as Context;
    if (caller?.kind !== 'ADMIN') return;
    const text = args.document.loc?.source.body;
    if (text === undefined || !documents.includes(text)) setResultAndStopExecution({ errors: [required()] });
  };
  return {
    onParams({ params, setParams }) {
      if (!('documentId' in params) || typeof params.query === 'string') return;
      const { documentId, ...rest } = params;
      if (documentId === undefined) return;
      setParams({ ...rest, query: documents.textOf(documentId) });
    },
    ...(isRequired ? { onExecute: refuse as never, onSubscribe: refuse as never } : {}),
  };
}
