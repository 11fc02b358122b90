/** What holds for every answer to bad input, and a server that nothing bad may change. */
import { expect } from 'vitest';
import { FakeClock } from '../../server/clock.ts';
import type { Answer, TestClient } from './client.ts';
import { ADMIN_KEY, startTestServer, type TestServer } from './server.ts';

/** No stack, no path of a file, no query, no secret. */
function expectDiscreet(text: string): void {
  expect(text).not.toMatch(/\n?\s+at \S+ \(|node_modules|\/server\/|\.ts\b|\.js\b|SELECT |prisma/i);
  expect(text).not.toMatch(/slv_[0-9A-Za-z]{16,}|eyJ[\w-]+\./);
  expect(text).not.toContain(ADMIN_KEY);
}

/** Checks what holds for every answer to bad input: it is no defect, and gives nothing away. */
export function expectRefusal(answer: Answer<unknown>): void {
  expect(answer.status, answer.text.slice(0, 500)).toBeLessThan(500);
  expectDiscreet(answer.text);
}

/** A server with two accounts of 100 credits each. */
export interface Besieged {
  readonly server: TestServer;
  readonly clock: FakeClock;
  /** Calls with the key that may do everything. */
  readonly admin: TestClient;
  readonly mine: string;
  /** Calls with a token of the first account. */
  readonly me: TestClient;
  readonly theirs: string;
  /** A generation of the second account, for 2 credits. */
  readonly theirGeneration: string;
  /** Fails unless all is as it was, and closes the server. */
  close(): Promise<void>;
}

/** Starts it. */
export async function openBesieged(): Promise<Besieged> {
  const clock = new FakeClock('2026-11-20T12:00:00Z');
  const server = await startTestServer({ clock });
  const { admin } = server;
  const mine = await admin.account(100);
  const theirs = await admin.account(100);
  const me = server.as(await admin.tokenOf(mine));
  const theirGeneration = (await admin.generateImage({ accountId: theirs })).id ?? '';
  return {
    server,
    clock,
    admin,
    mine,
    me,
    theirs,
    theirGeneration,
    async close() {
      const untouched = { available: 100, reserved: 0, posted: 100 };
      expect(await admin.balance(mine), 'nothing was charged').toEqual(untouched);
      expect(await admin.balance(theirs)).toEqual({ available: 98, reserved: 0, posted: 98 });
      const others = await server.rows('SELECT 1 FROM generation WHERE id::text <> $1', [
        theirGeneration.slice(4),
      ]);
      expect(others, 'nobody was called').toEqual([]);
      const alarms = server.log.filter(({ level }) => level !== 'warn');
      expect(alarms, 'nothing that somebody must look at').toEqual([]);
      await server.expectSound();
      await server.close();
    },
  };
}
