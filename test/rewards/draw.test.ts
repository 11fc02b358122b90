import { createHash, createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { commitmentOf, type Draw, drawTicket, TICKETS } from '../../server/rewards/index.ts';

/** Seeds that are the same in each run. */
const drawOf = (index: number): Draw => ({
  serverSeed: createHash('sha256').update(`seed ${index}`).digest('hex'),
  clientSeed: `client ${index}`,
  day: '2026-11-20',
  accountId: '01900000-0000-7000-8000-000000000001',
});

const DRAWS = 100_000;
/** Of seeds that are the same in each run. */
const tickets = Array.from({ length: DRAWS }, (_, index) => drawTicket(drawOf(index)));

it('100,000 seeded draws win one in five, within three standard errors', () => {
  const chance = 0.2;
  const wins = tickets.filter((ticket) => ticket < chance * TICKETS).length;
  const standardError = Math.sqrt((chance * (1 - chance)) / DRAWS);
  expect(Math.abs(wins / DRAWS - chance)).toBeLessThan(3 * standardError);
});

it('100,000 seeded draws fall evenly into twenty parts, by a chi-square that one in a thousand even draws would pass', () => {
  const parts = Array.from({ length: 20 }, () => 0);
  for (const ticket of tickets) {
    const part = Math.floor((ticket * parts.length) / TICKETS);
    parts[part] = (parts[part] ?? 0) + 1;
  }
  const even = DRAWS / parts.length;
  const chiSquare = parts.reduce((sum, count) => sum + (count - even) ** 2 / even, 0);
  // 19 degrees of freedom.
  expect(chiSquare).toBeLessThan(43.82);
});

it('a draw depends on each thing that it is drawn from, and on nothing else', () => {
  const draw = drawOf(1);
  const ticket = drawTicket(draw);
  expect(drawTicket({ ...draw })).toBe(ticket);
  const others = [
    { ...draw, serverSeed: drawOf(2).serverSeed },
    { ...draw, clientSeed: 'another' },
    { ...draw, day: '2026-11-21' },
    { ...draw, accountId: '01900000-0000-7000-8000-000000000002' },
  ];
  expect(new Set([ticket, ...others.map(drawTicket)]).size).toBe(5);
});

it('a number at or above the largest multiple of a million is passed over', () => {
  // Found by looking: the first number of this seed's hash is too large.
  const find = () => {
    for (let index = 0; ; index += 1) {
      const draw = drawOf(index);
      const hash = createHmac('sha256', Buffer.from(draw.serverSeed, 'hex'))
        .update(`${draw.day}:${draw.accountId}:0:${draw.clientSeed}`)
        .digest();
      if (hash.readUInt32BE(0) >= 4_294_000_000) return { draw, second: hash.readUInt32BE(4) };
    }
  };
  const { draw, second } = find();
  expect(drawTicket(draw)).toBe(second % TICKETS);
});

interface Told extends Omit<Draw, 'accountId'> {
  readonly drawnFor: string;
  readonly ticket: number;
  readonly chanceMillionths: number;
  readonly won: boolean;
}

it('the code in the documentation, as it stands there, finds a draw right and each change of it wrong', async () => {
  const readme = readFileSync(join(import.meta.dirname, '../../server/rewards/README.md'), 'utf8');
  const code = /```js\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
  const { verify } = (await import(`data:text/javascript,${encodeURIComponent(code)}`)) as {
    verify: (spin: Told, commitment: string) => string;
  };
  for (let index = 0; index < 200; index += 1) {
    const { accountId: drawnFor, ...draw } = drawOf(index);
    const ticket = drawTicket({ ...draw, accountId: drawnFor });
    const spin: Told = { ...draw, drawnFor, ticket, chanceMillionths: 200_000, won: ticket < 200_000 };
    const commitment = commitmentOf(draw.serverSeed);
    expect(verify(spin, commitment)).toBe('right');
    expect(verify({ ...spin, won: !spin.won }, commitment)).toBe('another result than was drawn');
    expect(verify({ ...spin, ticket: ticket + 1 }, commitment)).toBe('another ticket than was drawn');
    expect(verify({ ...spin, clientSeed: 'chosen afterwards' }, commitment)).toBe(
      'another ticket than was drawn',
    );
    expect(verify({ ...spin, serverSeed: drawOf(index + 1).serverSeed }, commitment)).toBe(
      'another seed than was promised',
    );
  }
});
