/** What the store says when it does not take a file: a sentence for the customer, and the details for operators. */
import type { DownloadProblem } from './download.ts';
import { StorageError } from './storage.ts';

const NOT_FETCHED = 'The finished file could not be fetched from the provider.';

/** A download that came to nothing, in the store's words. */
export function refuseDownload(problem: DownloadProblem): StorageError {
  switch (problem.kind) {
    case 'address': {
      const what = problem.protocol === null ? 'no URL' : `a URL of ${problem.protocol}`;
      return notFetched(`The output's address is ${what}; only http and https are fetched.`);
    }
    case 'private-host':
      return notFetched(
        `The output's host ${problem.host} has a private address; only allowPrivateHosts lets the store fetch from one.`,
      );
    case 'status':
      return notFetched(`${named(problem.url)}: the server answered ${problem.status}.`);
    case 'redirects':
      return notFetched(`${named(problem.url)}: it was redirected more than ${problem.most} times.`);
    case 'broken':
      return notFetched(`${named(problem.url)}: ${problem.why}, ${problem.tries} times.`, problem.cause);
    case 'too-large':
      return tooLarge(
        problem.maxBytes,
        problem.announced === null ? 'more than that arrived' : `the server announces ${problem.announced}`,
      );
    case 'stopped':
      return stopped(problem.reason);
  }
}

/** The caller gave up. */
export function stopped(reason: unknown): StorageError {
  return new StorageError(
    'DOWNLOAD_FAILED',
    'The copying of the finished file was stopped.',
    'The caller aborted it, for its deadline or for a cancellation.',
    { cause: reason },
  );
}

/** More than the store takes. */
export function tooLarge(maxBytes: number, why: string): StorageError {
  return new StorageError(
    'TOO_LARGE',
    'The finished file is too large to be kept.',
    `The store takes ${maxBytes} bytes at most: ${why}.`,
  );
}

/** Not what it claims to be, or nothing that may be served from our origin. */
export function wrongType(why: string): StorageError {
  return new StorageError(
    'WRONG_TYPE',
    'The provider sent a file that cannot be served.',
    `The output was refused: ${why}.`,
  );
}

/** The place where files lie refused one: a disk that is full, a bucket that is away. */
export function notWritten(place: string, error: unknown): StorageError {
  return new StorageError(
    'WRITE_FAILED',
    'The finished file could not be kept.',
    `${place} refused it: ${error instanceof Error ? error.message : String(error)}`.slice(0, 1000),
    { cause: error },
  );
}

/** The place where files lie did not say whether there is one, or did not give it. */
export function notRead(place: string, error: unknown): StorageError {
  return new StorageError(
    'READ_FAILED',
    'The file cannot be read at present.',
    `${place} did not give it: ${error instanceof Error ? error.message : String(error)}`.slice(0, 1000),
    { cause: error },
  );
}

/** No query, since that is where vendors put their signatures. */
function named(url: URL): string {
  return `GET ${url.origin}${url.pathname}`;
}

function notFetched(detail: string, cause?: unknown): StorageError {
  return new StorageError('DOWNLOAD_FAILED', NOT_FETCHED, detail.slice(0, 1000), { cause });
}
