/** A file that is sent while another import is under way: who sent it is told so, and nothing of it stays. */
import { readdirSync, readlinkSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ADMIN_KEY, startTestServer, until } from '../support/server.ts';
import { csv, row } from './fixture.ts';

/** Files of history that this process holds open, deleted ones too. */
const heldOpen = () =>
  readdirSync('/proc/self/fd').filter((name) => {
    try {
      return readlinkSync(`/proc/self/fd/${name}`).includes('/incoming/history-');
    } catch {
      return false;
    }
  });

test.runIf(process.platform === 'linux')(
  'a file that comes while another is imported is let go of',
  async () => {
    await using server = await startTestServer();
    const ended = Promise.withResolvers<void>();
    const other = server.core.history.import(
      {
        kind: 'text',
        layout: null,
        bytes: (async function* () {
          yield Buffer.from(csv(row('a')));
          await ended.promise;
        })(),
      },
      { dryRun: true, actor: 'test' },
    );
    const send = () =>
      fetch(`${server.url}/import/history`, {
        method: 'POST',
        headers: { authorization: `Bearer ${ADMIN_KEY}` },
        body: csv(row('b')),
      });
    for (let tries = 0; tries < 3; tries += 1) expect((await send()).status).toBe(503);
    await until('nothing is held open', async () => heldOpen().length === 0);
    ended.resolve();
    await other;
  },
);
