import { expect, test } from 'vitest';
import { createLog, type LogOptions, silentLog } from '../server/log.ts';

function capture(options: Partial<LogOptions> = {}) {
  const lines: string[] = [];
  const log = createLog({ level: 'debug', to: { write: (line) => lines.push(line) }, ...options });
  return { log, lines, last: () => JSON.parse(lines.at(-1) ?? '{}') as Record<string, unknown> };
}

const KEY = `slv_AbCdEfGh${'x'.repeat(41)}`;
const JWT = 'eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl';

test('a line is JSON with level, time, message and fields', () => {
  const { log, last, lines } = capture();
  log.info({ accountId: 'a', count: 2 }, 'done');
  expect(lines[0]?.endsWith('\n')).toBe(true);
  expect(last()).toEqual({
    level: 'info',
    time: expect.stringMatching(/^\d{4}-.*Z$/),
    message: 'done',
    accountId: 'a',
    count: 2,
  });
});

test('bigints are text, at any depth', () => {
  const { log, last } = capture();
  log.info({ costMicros: 12n, inner: { list: [9007199254740993n] } }, 'm');
  expect(last()).toMatchObject({ costMicros: '12', inner: { list: ['9007199254740993'] } });
});

test('fields that are named like secrets are hidden, at any depth and in any spelling', () => {
  const { log, lines, last } = capture();
  log.info(
    {
      authorization: 'hunter2',
      apiKey: 'hunter2',
      token: 'hunter2',
      cookie: 'hunter2',
      password: 'hunter2',
      headers: { 'Set-Cookie': 'hunter2', 'x-api-key': 'hunter2', AUTHORIZATION: 'hunter2' },
      vendor: [{ deep: { webhookSecret: 'hunter2', api_token: ['hunter2'] } }],
      promptTokens: 12,
    },
    'm',
  );
  expect(lines.join()).not.toContain('hunter2');
  expect(last()).toMatchObject({ authorization: '[hidden]', promptTokens: 12 });
});

test('texts that look like secrets are hidden wherever they turn up', () => {
  const { log, lines, last } = capture();
  const cause = new Error(`cannot connect to postgres://root:hunter2@db:5432/solvent`);
  log.warn(
    {
      note: `key ${KEY} and ${JWT}`,
      url: new URL('redis://:hunter2@cache:6379'),
      error: Object.assign(new Error(`refused with Bearer ${JWT}`, { cause }), {
        code: 'E1',
        token: 'hunter2',
      }),
    },
    `sk-proj-abcdefghijklmnop was refused, solvent_session=hunter2`,
  );
  const text = lines.join();
  expect(text).not.toContain('hunter2');
  expect(text).not.toContain(KEY);
  expect(text).not.toContain('eyJ');
  expect(text).not.toContain('abcdefghijklmnop');
  expect(last()).toMatchObject({
    note: 'key slv_AbCdEfGh… and [hidden]',
    url: 'redis://[hidden]@cache:6379',
    error: { name: 'Error', code: 'E1', cause: { message: expect.stringContaining('@db:5432/solvent') } },
  });
});

test('a child has its fields in each line, cleaned too', () => {
  const { log, last, lines } = capture();
  log.child({ room: 'ledger', costMicros: 1n, secret: 'hunter2' }).error({ a: 1 }, 'm');
  expect(last()).toMatchObject({ room: 'ledger', costMicros: '1', a: 1, level: 'error' });
  expect(lines.join()).not.toContain('hunter2');
});

test('what is below the level is neither written nor read', () => {
  const { log, lines } = capture({ level: 'warn' });
  const trap = {
    get field(): string {
      throw new Error('read');
    },
  };
  log.debug(trap, 'm');
  log.info(trap, 'm');
  expect(lines).toEqual([]);
  capture({ level: 'silent' }).log.error({}, 'm');
});

test('no field ends the call that is logged, nor takes the place of the line’s own', () => {
  const { log, last } = capture();
  const circle: Record<string, unknown> = {
    date: new Date(0),
    bytes: new Uint8Array(3),
    broken: new Date(Number.NaN),
  };
  circle.self = circle;
  log.info(
    { circle, level: 'mine', message: 'mine', map: new Map([['password', 'x']]), set: new Set([1]) },
    'm',
  );
  expect(last()).toMatchObject({
    level: 'info',
    message: 'm',
    level_: 'mine',
    message_: 'mine',
    circle: { date: '1970-01-01T00:00:00.000Z', bytes: '[3 bytes]', broken: null, self: '[circular]' },
    map: { password: '[hidden]' },
    set: [1],
  });
  log.info(
    {
      get trap(): string {
        throw new Error('read');
      },
    },
    'still here',
  );
  expect(last()).toMatchObject({ message: 'still here', unreadable: 'read' });
});

test('pretty writes a line for people', () => {
  const { log, lines } = capture({ pretty: true });
  log.warn({ accountId: 'a', inner: { n: 1n } }, 'slow');
  expect(lines[0]).toMatch(/^\d\d:\d\d:\d\d\.\d{3} WARN {2}slow accountId=a inner=\{"n":"1"\}\n$/);
  log.error({ error: new Error('broken') }, 'failed');
  expect(lines[1]).toMatch(/ERROR failed error=\{.*"message":"broken".*\}\n {2}Error: broken\n/s);
});

test('the silent log and its children say nothing', () => {
  silentLog.child({ a: 1 }).error({}, 'm');
  expect(silentLog.child({})).toBe(silentLog);
});
