import type { Terminal } from './command.ts';
import { formatCount } from './figures.ts';

const REDRAW_MS = 100;
const LINE_MS = 10_000;
const BAR = 24;

/** How far a long command is. */
export interface Progress {
  show(bytes: number, rows: number): void;
  /** Clears what was drawn. */
  end(): void;
}

/**
 * A bar where people look at it; where they do not, a line every ten seconds.
 *
 * @param total bytes that there are; a file whose reader does not count them shows rows alone.
 */
export function createProgress({ screen, complain }: Terminal, total: number): Progress {
  const startedAt = performance.now();
  let shownAt = screen ? 0 : startedAt;
  return {
    show(bytes, rows) {
      const now = performance.now();
      if (now - shownAt < (screen ? REDRAW_MS : LINE_MS)) return;
      shownAt = now;
      const part = total > 0 && bytes > 0 ? Math.min(1, bytes / total) : null;
      const rate = formatCount(Math.round((rows / Math.max(1, now - startedAt)) * 1000));
      const percent = part === null ? '' : `${Math.floor(part * 100)} % · `;
      const text = `${percent}${formatCount(rows)} rows · ${rate} a second`;
      if (!screen) return complain(text);
      const full = Math.round((part ?? 0) * BAR);
      const bar = part === null ? '' : `${'█'.repeat(full)}${'░'.repeat(BAR - full)} `;
      screen.redraw(`${bar}${text}`.slice(0, screen.columns - 1));
    },
    end: () => screen?.redraw(''),
  };
}
