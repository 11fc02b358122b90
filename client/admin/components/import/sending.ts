/**
 * Files that this window sends, in parts that follow each other: it goes on while one looks at other pages. The server says how
 * much it has, so that what was cut off goes on there, also after a reload, once the same file is chosen again.
 */
import { useSyncExternalStore } from 'react';

/** How a file is on its way. */
export interface Sending {
  readonly sent: number;
  readonly bytes: number;
  /** Why it is not going on; null while it is, and when all of it is there. */
  readonly problem: string | null;
}

const PART_BYTES = 2 * 1024 ** 2;
/** A part is tried so often before it is left to whoever looks. */
const TRIES = 5;
const PAUSE_MS = 1_000;

const sendings = new Map<string, Sending>();
const listeners = new Set<() => void>();

function tell(id: string, sending: Sending): void {
  sendings.set(id, sending);
  for (const listener of listeners) listener();
}

interface Answer {
  readonly received?: number;
  readonly errors?: readonly {
    readonly message: string;
    readonly extensions?: { readonly received?: number };
  }[];
}

/** What came of a part: how much the server has by now, or why it could not be told, and whether that may pass. */
type PartSent = { readonly received: number } | { readonly problem: string; readonly mayPass: boolean };

async function sendPart(path: string, position: number, part: Blob): Promise<PartSent> {
  try {
    const response = await fetch(`${path}?position=${position}`, {
      method: 'PUT',
      body: part,
      headers: { 'content-type': 'application/octet-stream' },
      credentials: 'same-origin',
    });
    const answer = (await response.json()) as Answer;
    const received = answer.received ?? answer.errors?.[0]?.extensions?.received;
    // Where the server is elsewhere, it says so: that is gone on from.
    if (received !== undefined && received !== position) return { received };
    return {
      problem: answer.errors?.[0]?.message ?? 'The server took nothing.',
      mayPass: response.status === 429 || response.status >= 500,
    };
  } catch {
    return { problem: 'The server cannot be reached.', mayPass: true };
  }
}

/** Sends what the server does not have yet of a file. Begins nothing when that is under way already. */
export async function sendFile(id: string, path: string, file: File, from: number): Promise<void> {
  const before = sendings.get(id);
  if (before && before.problem === null && before.sent < before.bytes) return;
  let sent = from;
  let tries = 0;
  tell(id, { sent, bytes: file.size, problem: null });
  while (sent < file.size) {
    const outcome = await sendPart(path, sent, file.slice(sent, sent + PART_BYTES));
    if ('received' in outcome) {
      sent = outcome.received;
      tries = 0;
      tell(id, { sent, bytes: file.size, problem: null });
      continue;
    }
    tries += 1;
    if (!outcome.mayPass || tries >= TRIES)
      return tell(id, { sent, bytes: file.size, problem: outcome.problem });
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS * tries));
  }
}

const listen = (listener: () => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

/** How a file of this window is on its way; undefined when this window sends none of it. */
export const useSending = (id: string): Sending | undefined =>
  useSyncExternalStore(listen, () => sendings.get(id));
