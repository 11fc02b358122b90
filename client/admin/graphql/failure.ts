/** What went wrong with a request, in words for whoever looks. */
import type { CombinedError } from 'urql';
import type { Failure } from '../../ui/Failure.tsx';

/** The code of the first condition, as PROTOCOL.md lists them; null when the server was not even reached. */
export function codeOf(error: CombinedError): string | null {
  const code = error.graphQLErrors[0]?.extensions.code;
  return typeof code === 'string' ? code : null;
}

const TITLES: Readonly<Record<string, string>> = {
  FORBIDDEN: 'Not allowed',
  RATE_LIMITED: 'Too many requests',
  SERVICE_UNAVAILABLE: 'Not available at present',
  PERSISTED_DOCUMENT_NOT_FOUND: 'There is a new version',
};

export function failureOf(error: CombinedError): Failure {
  const [first] = error.graphQLErrors;
  if (!first) {
    return {
      title: 'The server cannot be reached',
      message: 'Nothing came back. Look whether the server runs and this device is connected.',
    };
  }
  const code = codeOf(error);
  const { requestId } = first.extensions;
  return {
    title: (code && TITLES[code]) ?? 'That did not work',
    message:
      code === 'PERSISTED_DOCUMENT_NOT_FOUND'
        ? 'The server has been renewed since this page was loaded. Load the page again.'
        : code === 'INTERNAL_SERVER_ERROR'
          ? 'The server made a mistake. Nothing half-done is left behind.'
          : first.message,
    requestId: typeof requestId === 'string' ? requestId : undefined,
  };
}
