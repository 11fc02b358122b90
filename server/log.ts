/**
 * What the server says while it runs: one line of JSON for each event, a short text with `pretty`.
 *
 * Secrets are kept out twice: a field whose name says that it holds one is hidden, at any depth; and a text that
 * looks like one (an API key, a JWT, a password in a URL) is hidden wherever it turns up, in messages and errors
 * too. pino's own redaction knows paths of a fixed depth only.
 */
import { pino } from 'pino';
import { currentRequestId } from './request.ts';

/** What an event is about, such as `{ accountId, costMicros }`. An `Error` may be a value. */
export type LogFields = Readonly<Record<string, unknown>>;

/** A log. Narrow on purpose: any room can take one, and a test can give its own. */
export interface Log {
  /** For whoever looks for a defect; off in normal running. */
  debug(fields: LogFields, message: string): void;
  /** Something that should happen has happened. */
  info(fields: LogFields, message: string): void;
  /** Something that the server has coped with, and somebody should know. */
  warn(fields: LogFields, message: string): void;
  /** Something that somebody must look at. */
  error(fields: LogFields, message: string): void;
  /** A log whose every line has these fields too. */
  child(fields: LogFields): Log;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** Where lines go: each ends with a line feed. */
export interface LogSink {
  write(line: string): unknown;
}

/** How a log is written. */
export interface LogOptions {
  readonly level: LogLevel;
  /** A line for people instead of JSON. */
  readonly pretty?: boolean | undefined;
  /** `stdout` unless told otherwise; `stderr` for commands whose output is a report. */
  readonly to?: 'stdout' | 'stderr' | LogSink | undefined;
}

const HIDDEN = '[hidden]';
const MAX_DEPTH = 8;
const MAX_ITEMS = 100;

/** Ends of field names, in lower case without punctuation: `x-api-key`, `tokenSecret` and `Set-Cookie` are caught. */
const SECRET_FIELD =
  /(?:authorization|apikey|accesskey|privatekey|adminkey|token|cookie|password|passwd|secret|credentials?)$/;

const SECRET_TEXTS: readonly (readonly [RegExp, string])[] = [
  // Solvent's API keys: what people know them by stays.
  [/\b(slv_[0-9A-Za-z]{8})[0-9A-Za-z]+/g, '$1…'],
  [/\beyJ[\w-]+\.[\w-]+\.[\w-]*/g, HIDDEN],
  [/\b(?:sk|rk|whsec|r8|hf)[-_][\w+/=-]{12,}/g, HIDDEN],
  [/\b(Bearer|Basic) +[\w.~+/=-]{16,}/gi, `$1 ${HIDDEN}`],
  [/(\bsolvent_session=)[\w-]+/g, `$1${HIDDEN}`],
  [/(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@]+@/gi, `$1${HIDDEN}@`],
];

function cleanText(text: string): string {
  let clean = text;
  for (const [pattern, replacement] of SECRET_TEXTS) clean = clean.replace(pattern, replacement);
  return clean;
}

function isSecretField(name: string): boolean {
  return SECRET_FIELD.test(name.toLowerCase().replace(/[^a-z0-9]/g, ''));
}

/** A copy that JSON can say: without secrets, bigints as text, errors with their causes, no cycles. */
function cleanValue(value: unknown, depth: number, above: readonly object[]): unknown {
  if (typeof value === 'string') return cleanText(value);
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'symbol' || typeof value === 'function') return `[${typeof value}]`;
  if (typeof value !== 'object' || value === null) return value;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (value instanceof URL) return cleanText(value.href);
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (above.includes(value)) return '[circular]';
  if (depth >= MAX_DEPTH) return '[deeper]';
  const path = [...above, value];
  if (Array.isArray(value)) {
    const items = value.slice(0, MAX_ITEMS).map((item) => cleanValue(item, depth + 1, path));
    return value.length > MAX_ITEMS ? [...items, `[${value.length - MAX_ITEMS} more]`] : items;
  }
  if (value instanceof Map) return cleanValue(Object.fromEntries(value), depth, above);
  if (value instanceof Set) return cleanValue([...value], depth, above);
  if (value instanceof Error) {
    const { name, message, stack, cause } = value;
    return {
      // What libraries add (code, status, …) tells more than the message does, and hides by its name as all else does.
      ...cleanFields({ ...value }, depth, path),
      name,
      message: cleanText(message),
      ...(stack === undefined ? {} : { stack: cleanText(stack) }),
      ...(cause === undefined ? {} : { cause: cleanValue(cause, depth + 1, path) }),
    };
  }
  return cleanFields(value as LogFields, depth, path);
}

function cleanFields(fields: LogFields, depth: number, above: readonly object[]): Record<string, unknown> {
  const clean: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined) continue;
    clean[name] = value !== null && isSecretField(name) ? HIDDEN : cleanValue(value, depth + 1, above);
  }
  return clean;
}

/** Fields that a line of its own has, so that a caller's field of the same name cannot take its place. */
const RESERVED = new Set(['level', 'time', 'message']);

/** What a careless caller hands over must never end the call that is being logged. */
function clean(fields: LogFields): Record<string, unknown> {
  try {
    const copy = cleanFields(fields, 0, [fields]);
    for (const name of RESERVED) {
      if (name in copy) {
        copy[`${name}_`] = copy[name];
        delete copy[name];
      }
    }
    return copy;
  } catch (error) {
    return { unreadable: error instanceof Error ? error.message : 'fields that throw when they are read' };
  }
}

function prettyLine(line: string): string {
  const { level, time, message, ...fields } = JSON.parse(line) as Record<string, unknown>;
  const words = Object.entries(fields).map(([name, value]) => {
    if (typeof value !== 'object' || value === null) return `${name}=${value}`;
    // An error's stack is the one thing that people read as lines.
    const { stack, ...rest } = value as Record<string, unknown>;
    return typeof stack === 'string'
      ? `${name}=${JSON.stringify(rest)}\n  ${stack.replaceAll('\n', '\n  ')}`
      : `${name}=${JSON.stringify(value)}`;
  });
  return `${[String(time).slice(11, 23), String(level).toUpperCase().padEnd(5), message, ...words].join(' ')}\n`;
}

function sink(options: LogOptions): LogSink {
  const { to = 'stdout' } = options;
  // Synchronous, so that the last words before a crash are not lost.
  const target = typeof to === 'string' ? pino.destination({ fd: to === 'stdout' ? 1 : 2, sync: true }) : to;
  return options.pretty ? { write: (line) => target.write(prettyLine(line)) } : target;
}

function wrap(logger: pino.Logger): Log {
  const at = (level: 'debug' | 'info' | 'warn' | 'error') => (fields: LogFields, message: string) => {
    // What nobody will read is not cleaned either.
    if (logger.isLevelEnabled(level)) logger[level](clean(fields), cleanText(message));
  };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (fields) => wrap(logger.child(clean(fields))),
  };
}

/** Makes the log of a process. */
export function createLog(options: LogOptions): Log {
  return wrap(
    pino(
      {
        level: options.level,
        base: null,
        messageKey: 'message',
        // What the answer to the request says too.
        mixin() {
          const requestId = currentRequestId();
          return requestId ? { requestId } : {};
        },
        timestamp: pino.stdTimeFunctions.isoTime,
        formatters: { level: (label) => ({ level: label }) },
        // The copy that pino gets is clean; its own treatment of names such as `err` would only get in the way.
        serializers: {},
      },
      sink(options),
    ),
  );
}

const nothing = (): void => {};

/** Says nothing; for tests. */
export const silentLog: Log = {
  debug: nothing,
  info: nothing,
  warn: nothing,
  error: nothing,
  child: () => silentLog,
};
