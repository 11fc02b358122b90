/** Reads a subscription as server-sent events: "distinct connections" of graphql-sse, as PROTOCOL.md has it. */
import type { Request } from './live.ts';

/** How a stream came to its end. */
export type End = 'complete' | 'lost' | 'unauthenticated' | 'hidden';

interface Result {
  readonly data?: unknown;
  readonly errors?: readonly { readonly extensions?: { readonly code?: unknown } }[];
}

/** The server says something every twelve seconds at the latest: a stream that is silent for so long is thought lost. */
const SILENCE_MS = 30_000;

const isHidden = () => document.visibilityState === 'hidden';

/** Waits until somebody looks at the page, or the signal is given. */
export function whenSeen(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const look = () => {
      if (isHidden() && !signal.aborted) return;
      document.removeEventListener('visibilitychange', look);
      signal.removeEventListener('abort', look);
      resolve();
    };
    document.addEventListener('visibilitychange', look);
    signal.addEventListener('abort', look);
    look();
  });
}

/**
 * It ends when nobody looks at the page any more: a browser has six connections of HTTP/1.1 to a server for all its tabs, and a page
 * may take four of them for as long as it is there.
 *
 * @param onOpen called when the server is listening, which may be long before it has anything to tell.
 * @returns when the stream is over, whichever way.
 */
export async function readEvents(
  path: string,
  request: Request,
  signal: AbortSignal,
  onOpen: () => void,
  onNext: (result: Result) => void,
): Promise<End> {
  const cut = new AbortController();
  const onVisibility = () => {
    if (isHidden()) cut.abort('hidden');
  };
  let timer: ReturnType<typeof setTimeout> | undefined;
  const hear = () => {
    clearTimeout(timer);
    timer = setTimeout(() => cut.abort(), SILENCE_MS);
  };
  document.addEventListener('visibilitychange', onVisibility);
  try {
    hear();
    const response = await fetch(path, {
      method: 'POST',
      headers: { accept: 'text/event-stream', 'content-type': 'application/json' },
      body: JSON.stringify(request),
      credentials: 'same-origin',
      signal: AbortSignal.any([signal, cut.signal]),
    });
    if (response.status === 401) return 'unauthenticated';
    // What is refused comes as an event too, whatever its status. Anything else is no word of this server's.
    const isStream = response.headers.get('content-type')?.startsWith('text/event-stream');
    if (!response.body || !isStream || response.status >= 500) return 'lost';
    onOpen();
    let rest = '';
    for await (const chunk of response.body.pipeThrough(new TextDecoderStream())) {
      hear();
      const events = (rest + chunk).split('\n\n');
      rest = events.pop() ?? '';
      for (const event of events) {
        const fields = Object.fromEntries(
          event
            .split('\n')
            .map((line) => [line.slice(0, line.indexOf(':')), line.slice(line.indexOf(':') + 1).trimStart()]),
        );
        if (fields.event === 'complete') return 'complete';
        if (fields.event !== 'next') continue;
        const result = JSON.parse(fields.data ?? '{}') as Result;
        if (result.errors?.some(({ extensions }) => extensions?.code === 'UNAUTHENTICATED'))
          return 'unauthenticated';
        onNext(result);
      }
    }
    return 'lost';
  } catch {
    // The network's errors say nothing that the banner does not.
    return cut.signal.reason === 'hidden' ? 'hidden' : 'lost';
  } finally {
    document.removeEventListener('visibilitychange', onVisibility);
    clearTimeout(timer);
  }
}
