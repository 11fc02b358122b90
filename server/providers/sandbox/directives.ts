/**
 * Directives tell the sandbox to misbehave, so that each way in which a vendor can go wrong can be tried by hand,
 * from a test or in a demonstration. They stand in the prompt, or in the query or fragment of an image's or
 * video's URL (as they are, or percent-encoded), and never show in the picture:
 *
 * - `[sandbox:slow=2000]` takes that many milliseconds longer to answer;
 * - `[sandbox:job=3000]` answers `running`, and is done after that many milliseconds by the clock;
 * - `[sandbox:hang]` answers only when the caller gives up;
 * - `[sandbox:fail]` fails: not billed, worth another try;
 * - `[sandbox:refuse]` refuses the content: not billed, another try is useless;
 * - `[sandbox:rate-limit=30]` fails and asks to be left alone for that many seconds;
 * - `[sandbox:bill-failure]` fails, and bills it;
 * - `[sandbox:unknown]` fails, and cannot say whether it bills it.
 *
 * The last five say how it ends, so at most one of them may stand; it combines with the first three.
 */
import type { GenerationRequest } from '../provider.ts';

/** How a call ends. */
export type Ending = 'succeed' | 'fail' | 'refuse' | 'rate-limit' | 'bill-failure' | 'unknown';

/** What the directives of one request ask for. */
export interface Directives {
  readonly ending: Ending;
  /** Set with `rate-limit`. */
  readonly retryAfterSeconds: number | null;
  readonly slowMs: number | null;
  readonly jobMs: number | null;
  readonly hang: boolean;
}

/** The directives and what is left of the request without them; or what is wrong with them. */
export type ReadDirectives =
  | { readonly directives: Directives; readonly request: GenerationRequest }
  | { readonly problem: string };

interface Known {
  /** The value that a bare name stands for; null when the directive takes no value. */
  readonly usual: number | null;
  readonly most: number;
}

const HOUR_MS = 3_600_000;
const KNOWN: Readonly<Record<string, Known>> = {
  slow: { usual: 2_000, most: HOUR_MS },
  job: { usual: 3_000, most: 24 * HOUR_MS },
  hang: { usual: null, most: 0 },
  fail: { usual: null, most: 0 },
  refuse: { usual: null, most: 0 },
  'rate-limit': { usual: 30, most: 86_400 },
  'bill-failure': { usual: null, most: 0 },
  unknown: { usual: null, most: 0 },
};
const LIST =
  '[sandbox:slow=2000], [sandbox:job=3000], [sandbox:hang], [sandbox:fail], [sandbox:refuse], ' +
  '[sandbox:rate-limit=30], [sandbox:bill-failure] and [sandbox:unknown]';

const ENDINGS: ReadonlySet<string> = new Set(['fail', 'refuse', 'rate-limit', 'bill-failure', 'unknown']);
const DIRECTIVE = /\[sandbox:([^\]]*)\]/gi;
const URL_DIRECTIVE = /[?&]?(?:\[|%5b)sandbox(?::|%3a)((?:(?!\]|%5d).)*)(?:\]|%5d)/gi;

/** Reads and removes the directives of a request. */
export function readDirectives(request: GenerationRequest): ReadDirectives {
  const found: string[] = [];
  const prompt = request.prompt?.replace(DIRECTIVE, (_, body: string) => {
    found.push(body);
    return '';
  });
  const stripped: GenerationRequest = {
    ...request,
    prompt: prompt?.replace(/[ \t]{2,}/g, ' ').trim(),
    imageUrl: withoutUrlDirectives(request.imageUrl, found),
    videoUrl: withoutUrlDirectives(request.videoUrl, found),
  };
  let ending: Ending = 'succeed';
  let retryAfterSeconds: number | null = null;
  let slowMs: number | null = null;
  let jobMs: number | null = null;
  let hang = false;
  for (const body of found) {
    const [name = '', text] = splitOnce(body.trim().toLowerCase());
    const known = Object.hasOwn(KNOWN, name) ? KNOWN[name] : undefined;
    if (!known) {
      return {
        problem: `The sandbox has no directive [sandbox:${body.slice(0, 40)}]. It knows ${LIST}.`,
      };
    }
    const value = text === undefined ? known.usual : Number(text);
    if (known.usual === null && text !== undefined) {
      return { problem: `The directive [sandbox:${name}] takes no value.` };
    }
    if (text !== undefined && !(/^\d{1,9}$/.test(text) && Number(text) <= known.most)) {
      return { problem: `The directive [sandbox:${name}] takes a whole number from 0 to ${known.most}.` };
    }
    if (isEnding(name)) {
      if (ending !== 'succeed' && ending !== name) {
        return {
          problem: `The directives [sandbox:${ending}] and [sandbox:${name}] contradict each other: say one of them.`,
        };
      }
      ending = name;
      if (name === 'rate-limit') retryAfterSeconds = value;
    } else if (name === 'slow') slowMs = value;
    else if (name === 'job') jobMs = value;
    else hang = true;
  }
  return { directives: { ending, retryAfterSeconds, slowMs, jobMs, hang }, request: stripped };
}

function isEnding(name: string): name is Exclude<Ending, 'succeed'> {
  return ENDINGS.has(name);
}

function splitOnce(body: string): [string, string | undefined] {
  const at = body.indexOf('=');
  return at < 0 ? [body, undefined] : [body.slice(0, at).trim(), body.slice(at + 1).trim()];
}

/** Only a query or a fragment is searched: a path belongs to whoever serves it. */
function withoutUrlDirectives(url: string | undefined, found: string[]): string | undefined {
  const at = url?.search(/[?#]/) ?? -1;
  if (url === undefined || at < 0) return url;
  const tail = url.slice(at).replace(URL_DIRECTIVE, (_, body: string) => {
    found.push(decode(body));
    return '';
  });
  return url.slice(0, at) + (/^[?#&]*$/.test(tail) ? '' : tail.replace(/^&/, '?'));
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
