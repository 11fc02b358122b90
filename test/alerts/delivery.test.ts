/** What is to be told reaches its receivers at least once, under an id that stays, whatever becomes of them meanwhile. */
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import {
  type AlertChange,
  type ChannelInput,
  type ChannelKind,
  MOST_ATTEMPTS,
  pauseAfter,
} from '../../server/alerts/index.ts';
import { describeOnEachDatabase } from '../support/databases.ts';
import { type Mailbox, startMailbox } from '../support/mailbox.ts';
import { type Received, type Receiver, startReceiver } from '../support/receiver.ts';
import { until } from '../support/server.ts';
import { anotherAlerts, openStage, type Stage } from './stage.ts';

interface Delivery {
  readonly id: string;
  readonly channel: string;
  readonly reason: string;
  readonly sequences: number[];
  readonly state: string;
  readonly attempts: number;
  readonly due_at: Date;
  readonly last_error: string | null;
}

describeOnEachDatabase('a message of the alerts', (kind) => {
  let stage: Stage;
  let receiver: Receiver;
  let other: Receiver;
  let mailbox: Mailbox;

  beforeAll(async () => {
    [receiver, other, mailbox] = await Promise.all([startReceiver(), startReceiver(), startMailbox()]);
    stage = await openStage(kind, {
      smtp: { url: mailbox.url, from: 'solvent@solvent.test' },
      timeoutMs: 2_000,
    });
  });
  beforeEach(async () => {
    await stage.reset();
    receiver.behave({ status: 204 });
    receiver.clear();
    other.behave({ status: 204 });
    other.clear();
    mailbox.refuse(null);
  });
  afterAll(async () => {
    await stage.close();
    await Promise.all([receiver.close(), other.close(), mailbox.close()]);
  });

  async function channel(input: ChannelInput = {}, channelKind: ChannelKind = 'WEBHOOK') {
    const saved = await stage.alerts.deliveries.createChannel(
      channelKind,
      { name: 'ops', target: receiver.url, ...input },
      'admin:test',
    );
    if (saved.status !== 'saved') throw new Error(JSON.stringify(saved.fields));
    return { id: saved.channel.id, secret: saved.secret ?? '' };
  }
  const deliveries = () =>
    stage.world.rows<Delivery>(
      `SELECT d.id, c.name AS channel, d.reason, d.sequences, d.state, d.attempts, d.due_at, d.last_error
      FROM alert_delivery d JOIN alert_channel c ON c.id = d.channel_id ORDER BY d.sequences, d.id`,
    );
  /** Makes a try of everything that waits, whether it is due or not: what is not due stays. */
  async function tryAll() {
    for (const { id, state } of await deliveries()) {
      if (state === 'WAITING' || state === 'SENDING') await stage.alerts.deliveries.tryNow(id);
    }
  }
  const titlesOf = ({ body }: Received) =>
    (
      JSON.parse(body) as { data: { changes: { change: string; alert: { title: string } }[] } }
    ).data.changes.map(({ change, alert }) => `${change} ${alert.title}`);
  const critical = (title: string) => stage.raise({ subject: title, title, severity: 'CRITICAL' });
  const warning = (title: string) => stage.raise({ subject: title, title });

  test('is signed as Standard Webhooks say, and tells what a program needs', async () => {
    stage.clock.set(new Date().toISOString());
    const { secret } = await channel();
    await critical('The vault is empty');
    await tryAll();
    const [message] = receiver.received as [Received];
    const verified = new Webhook(secret).verify(message.body, message.headers as Record<string, string>);
    const [{ id }] = (await deliveries()) as [Delivery];
    const [{ alert }] = (await stage.changes()) as [AlertChange];
    expect(message.headers['webhook-id']).toBe(`msg_${id}`);
    expect(verified).toEqual({
      type: 'alerts.changed',
      timestamp: expect.any(String),
      data: {
        changes: [
          {
            sequence: 1,
            change: 'OPENED',
            at: stage.clock.now().toISOString(),
            by: 'system',
            reason: null,
            alert: {
              id: `alt_${alert.id}`,
              sequence: 1,
              kind: 'RESERVATION_ORPHANED',
              severity: 'CRITICAL',
              state: 'OPEN',
              title: 'The vault is empty',
              detail: 'It is $20.00.',
              subject: 'The vault is empty',
              openedAt: stage.clock.now().toISOString(),
              acknowledgedAt: null,
              resolvedAt: null,
            },
          },
        ],
      },
    });
    expect(() =>
      new Webhook(secret).verify(`${message.body} `, message.headers as Record<string, string>),
    ).toThrow();
    expect((await deliveries())[0]).toMatchObject({ state: 'DELIVERED', attempts: 1, last_error: null });
  });

  test('is signed by the old secret too, for a day after there is a new one', async () => {
    stage.clock.set(new Date().toISOString());
    const { id, secret } = await channel();
    const next = await stage.alerts.deliveries.rotateSecret(id, 'admin:test');
    await critical('one');
    await tryAll();
    for (const each of [secret, next ?? '']) {
      const [{ body, headers }] = receiver.received as [Received];
      new Webhook(each).verify(body, headers as Record<string, string>);
    }
    stage.clock.advance(86_400_000);
    await critical('two');
    await tryAll();
    expect(receiver.received[1]?.headers['webhook-signature']).toMatch(/^v1,\S+$/);
  });

  test('is tried again after 10 s, 40 s and so on, the same under the same id, until it is taken', async () => {
    await channel();
    receiver.behave({ status: 500, text: 'Out of order' });
    await critical('one');
    await tryAll();
    const start = stage.clock.now().getTime();
    for (const attempts of [1, 2, 3]) {
      const [waiting] = (await deliveries()) as [Delivery];
      expect(waiting).toMatchObject({
        state: 'WAITING',
        attempts,
        last_error: 'It answered 500: Out of order',
      });
      expect(waiting.due_at.getTime() - stage.clock.now().getTime()).toBe(pauseAfter(attempts));
      stage.clock.advance(pauseAfter(attempts) - 1);
      await tryAll();
      expect(receiver.received).toHaveLength(attempts);
      stage.clock.advance(1);
      if (attempts === 3) receiver.behave({ status: 200 });
      await tryAll();
    }
    expect(stage.clock.now().getTime() - start).toBe(10_000 + 40_000 + 160_000);
    expect((await deliveries())[0]).toMatchObject({ state: 'DELIVERED', attempts: 4, last_error: null });
    expect(
      new Set(receiver.received.map(({ headers, body }) => `${headers['webhook-id']} ${body}`)).size,
    ).toBe(1);
    // Each try is signed for its own time.
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-timestamp'])).size).toBe(4);
  });

  test('is dead after eight tries, and goes when an operator asks for it', async () => {
    await channel();
    receiver.behave({ status: 503 });
    await critical('one');
    for (let attempts = 1; attempts <= MOST_ATTEMPTS; attempts += 1) {
      if (attempts === MOST_ATTEMPTS) receiver.behave('hang');
      await tryAll();
      stage.clock.advance(pauseAfter(attempts));
    }
    await tryAll();
    const [dead] = (await deliveries()) as [Delivery];
    expect(dead).toMatchObject({
      state: 'DEAD',
      attempts: MOST_ATTEMPTS,
      last_error: 'It cannot be reached: No answer came within 2 s.',
    });
    expect(receiver.received).toHaveLength(MOST_ATTEMPTS);
    // What comes later is a message of its own.
    receiver.behave({ status: 200 });
    await critical('two');
    await tryAll();
    expect((await deliveries()).map(({ state }) => state)).toEqual(['DEAD', 'DELIVERED']);
    expect(await stage.alerts.deliveries.retry(dead.id, 'admin:test')).toBe(true);
    expect(await stage.alerts.deliveries.retry(dead.id, 'admin:test')).toBe(false);
    await warning('three');
    await tryAll();
    expect((await deliveries()).map(({ state, sequences }) => [state, sequences])).toEqual([
      ['DELIVERED', [1]],
      ['DELIVERED', [2]],
      ['WAITING', [3]],
    ]);
    expect(receiver.received.at(-1)?.headers['webhook-id']).toBe(`msg_${dead.id}`);
  });

  test('is dead at once where the receiver wants no more, and waits as long as a busy one asks', async () => {
    await channel();
    receiver.behave({ status: 410 });
    await critical('one');
    await tryAll();
    expect((await deliveries())[0]).toMatchObject({ state: 'DEAD', attempts: 1 });
    receiver.behave({ status: 429, headers: { 'retry-after': '90' } });
    await critical('two');
    await tryAll();
    const [, waiting] = (await deliveries()) as [Delivery, Delivery];
    expect(waiting.due_at.getTime() - stage.clock.now().getTime()).toBe(90_000);
  });

  test('follows no redirect, and leads nowhere within the own network unless that is allowed', async () => {
    await channel();
    receiver.behave({ status: 307, headers: { location: other.url } });
    await critical('one');
    await tryAll();
    expect(other.received).toEqual([]);
    expect((await deliveries())[0]?.last_error).toMatch(/redirects are not followed/);

    const guarded = anotherAlerts(stage, {
      allowPrivateHosts: false,
      resolve: (_host, _options, answer) => answer(null, [{ address: '127.0.0.1', family: 4 }]),
    });
    const refused = await guarded.deliveries.createChannel(
      'WEBHOOK',
      { name: 'x', target: receiver.url },
      'a',
    );
    expect(refused).toMatchObject({ status: 'invalid', fields: [{ path: 'target' }] });
    // A name that anybody may have pointed here since.
    const named = await guarded.deliveries.createChannel(
      'WEBHOOK',
      { name: 'x', target: 'http://hooks.example.com/' },
      'a',
    );
    if (named.status !== 'saved') throw new Error('It was refused.');
    await guarded.deliveries.test(named.channel.id);
    expect((await deliveries()).find(({ reason }) => reason === 'TEST')).toMatchObject({
      state: 'DEAD',
      last_error: 'Its URL leads to a private address; see ALLOW_PRIVATE_URLS.',
    });
  });

  test('tells of all that happens within a minute; what is critical goes at once and takes the others along', async () => {
    await channel({ groupSeconds: 60 });
    await warning('one');
    stage.clock.advance(30_000);
    await warning('two');
    await tryAll();
    expect(receiver.received).toEqual([]);
    stage.clock.advance(30_000);
    await tryAll();
    await warning('three');
    await critical('four');
    await tryAll();
    expect(receiver.received.map(titlesOf)).toEqual([
      ['OPENED one', 'OPENED two'],
      ['OPENED three', 'OPENED four'],
    ]);
  });

  test('waits out quiet hours, by the time of its channel, but for what is critical', async () => {
    await channel({ quietFrom: '22:00', quietTo: '07:30', timeZone: 'Europe/Berlin', groupSeconds: 0 });
    // Half past eleven in the evening in Berlin.
    stage.clock.set('2026-11-20T22:30:00Z');
    await warning('one');
    await tryAll();
    stage.clock.set('2026-11-21T03:00:00Z');
    await critical('two');
    await tryAll();
    await warning('three');
    await tryAll();
    expect(receiver.received.map(titlesOf)).toEqual([['OPENED one', 'OPENED two']]);
    expect((await deliveries()).at(-1)?.due_at.toISOString()).toBe('2026-11-21T06:30:00.000Z');
    stage.clock.set('2026-11-21T06:30:00Z');
    await tryAll();
    expect(receiver.received.map(titlesOf).at(-1)).toEqual(['OPENED three']);
    // By day nothing waits.
    await warning('four');
    await tryAll();
    expect(receiver.received).toHaveLength(3);
  });

  test.each([
    ['22:00', '07:00', '21:59', null],
    ['22:00', '07:00', '22:00', '2026-11-21T07:00:00.000Z'],
    ['22:00', '07:00', '06:59', '2026-11-20T07:00:00.000Z'],
    ['22:00', '07:00', '07:00', null],
    ['12:00', '13:30', '12:30', '2026-11-20T13:30:00.000Z'],
    ['12:00', '13:30', '13:30', null],
  ])('of a channel that is quiet from %s to %s is at %s due at %s', async (quietFrom, quietTo, now, end) => {
    await channel({ quietFrom, quietTo, groupSeconds: 0 });
    stage.clock.set(`2026-11-20T${now}:00Z`);
    await warning('one');
    await tryAll();
    const [delivery] = (await deliveries()) as [Delivery];
    expect(delivery.state).toBe(end === null ? 'DELIVERED' : 'WAITING');
    if (end !== null) expect(delivery.due_at.toISOString()).toBe(end);
  });

  test('goes to the channels that want it, and to no others', async () => {
    const all = { groupSeconds: 0 };
    await channel({ ...all, name: 'all' });
    await channel({ ...all, name: 'critical', minimumSeverity: 'CRITICAL' });
    await channel({ ...all, name: 'balances', kinds: ['BILL_MISMATCH'] });
    await channel({ ...all, name: 'openings', tellsResolved: false });
    await channel({ ...all, name: 'off', enabled: false });
    await channel({ ...all, name: 'escalations', escalationsOnly: true });
    const gone = await channel({ ...all, name: 'gone' });
    await stage.alerts.deliveries.removeChannel(gone.id, 'admin:test');
    await stage.raise({ severity: 'INFO' });
    await stage.raise({ severity: 'WARNING' });
    await stage.raise({ severity: 'CRITICAL' });
    await stage.alerts.settle({ kind: 'RESERVATION_ORPHANED', subject: 'dp_1' });
    await stage.raise({ kind: 'BILL_MISMATCH', subject: 'bob' });
    const told = Map.groupBy(await deliveries(), ({ channel: name }) => name);
    expect(
      Object.fromEntries([...told].map(([name, all]) => [name, all.flatMap(({ sequences }) => sequences)])),
    ).toEqual({ all: [2, 3, 4, 5], critical: [3, 4], balances: [5], openings: [2, 3, 5] });
  });

  test('whose channel is removed while it is sent is tried no more', async () => {
    const gone = await channel({ groupSeconds: 0 });
    await warning('one');
    const [{ id }] = (await deliveries()) as [Delivery];
    receiver.behave('hang');
    const trying = stage.alerts.deliveries.tryNow(id);
    await until('it is being sent', () => receiver.received.length === 1);
    await stage.alerts.deliveries.removeChannel(gone.id, 'admin:test');
    receiver.hangUp();
    await trying;
    receiver.behave({ status: 204 });
    stage.clock.advance(60 * 60_000);
    await stage.alerts.deliveries.sweep();
    await tryAll();
    expect(receiver.received).toHaveLength(1);
    const [delivery] = (await deliveries()) as [Delivery];
    expect(delivery).toMatchObject({ state: 'DEAD', last_error: 'The channel was removed.', attempts: 1 });
    expect(await stage.alerts.deliveries.retry(id, 'admin:test')).toBe(false);
  });

  test('is escalated once when nobody acknowledges it in time, and never when somebody does', async () => {
    const pager = await channel({ name: 'pager', escalationsOnly: true, target: other.url });
    await channel({ escalateAfterMinutes: 15, escalateToId: pager.id, groupSeconds: 0 });
    await warning('one');
    await warning('two');
    const [, { alert }] = (await stage.changes()) as [unknown, { alert: { id: string } }];
    stage.clock.advance(14 * 60_000);
    await stage.alerts.deliveries.sweep();
    await tryAll();
    expect(other.received).toEqual([]);
    await stage.alerts.acknowledge(alert.id, null, 'admin:ann');
    stage.clock.advance(60_000);
    // Three processes at once.
    await Promise.all(
      [stage.alerts, anotherAlerts(stage), anotherAlerts(stage)].map(({ deliveries: each }) => each.sweep()),
    );
    await tryAll();
    expect(other.received.map(titlesOf)).toEqual([['OPENED one']]);
    expect(JSON.parse(other.received[0]?.body ?? '')).toMatchObject({ type: 'alerts.escalated' });
    stage.clock.advance(3_600_000);
    await stage.alerts.deliveries.sweep();
    await tryAll();
    expect(other.received).toHaveLength(1);
    // Acknowledged, it becomes worse: nobody knows of that yet.
    await stage.raise({ subject: 'two', title: 'two', severity: 'CRITICAL' });
    await tryAll();
    stage.clock.advance(15 * 60_000);
    await stage.alerts.deliveries.sweep();
    await tryAll();
    expect(other.received.map(titlesOf).at(-1)).toEqual(['WORSENED two']);
  });

  test('tells of no more changes than any other when a storm is escalated', async () => {
    const pager = await channel({ name: 'pager', escalationsOnly: true, target: other.url });
    // Two that escalate to one do not tell it twice.
    for (const minutes of [15, 10]) {
      await channel({ escalateAfterMinutes: minutes, escalateToId: pager.id, groupSeconds: 0 });
    }
    const storm = Array.from({ length: 205 }, (_, index) => `storm ${index}`);
    for (const name of storm) await warning(name);
    stage.clock.advance(15 * 60_000);
    await Promise.all(
      [stage.alerts, anotherAlerts(stage), anotherAlerts(stage)].map(({ deliveries: each }) => each.sweep()),
    );
    const escalations = (await deliveries()).filter(({ reason }) => reason === 'ESCALATION');
    expect(escalations.map(({ sequences }) => sequences.length)).toEqual([100, 100, 5]);
    await tryAll();
    expect(other.received.flatMap(titlesOf).sort()).toEqual(storm.map((name) => `OPENED ${name}`).sort());
  });

  test('is neither there without its change nor lost with its process', async () => {
    await channel();
    const lost = stage.world.database.transaction(async (sql) => {
      await stage.alerts.raise(
        { kind: 'BILL_MISMATCH', severity: 'CRITICAL', title: 'A bill is wrong', detail: '' },
        sql,
      );
      throw new Error('No.');
    });
    await expect(lost).rejects.toThrow('No.');
    expect(await deliveries()).toEqual([]);

    await critical('one');
    const [{ id }] = (await deliveries()) as [Delivery];
    // A process takes it and dies: its claim is over in a minute, and another sends it under the same id.
    await stage.world.rows(
      `UPDATE alert_delivery SET state = 'SENDING', sealed = true, attempts = 1, claimed_until = $1`,
      [new Date(stage.clock.now().getTime() + 60_000)],
    );
    await stage.alerts.deliveries.tryNow(id);
    expect(receiver.received).toEqual([]);
    stage.clock.advance(60_000);
    await Promise.all([1, 2, 3].map(() => stage.alerts.deliveries.tryNow(id)));
    expect(receiver.received.map(({ headers }) => headers['webhook-id'])).toEqual([`msg_${id}`]);
    expect((await deliveries())[0]).toMatchObject({ state: 'DELIVERED', attempts: 2 });
  });

  test('waits for no other channel: one whose receiver hangs holds up neither alerts nor the others', async () => {
    receiver.behave('hang');
    await channel({ name: 'hanging', groupSeconds: 0 });
    await channel({ name: 'well', groupSeconds: 0, target: other.url });
    const count = 6;
    for (let number = 1; number <= count; number += 1) {
      await critical(`alert ${number}`);
      // As the queue hands them over, those of the hanging one first.
      const waiting = (await deliveries()).filter(({ state }) => state === 'WAITING');
      waiting.sort((one, another) => one.channel.localeCompare(another.channel));
      for (const { id } of waiting) await stage.alerts.deliveries.take(id);
      await other.nth(number);
    }
    // Two of them hang, and what came after them has gathered in a third.
    await receiver.nth(2);
    const of = async (name: string) => (await deliveries()).filter((each) => each.channel === name);
    expect((await of('hanging')).map(({ state, sequences }) => [state, sequences])).toEqual([
      ['SENDING', [1]],
      ['SENDING', [2]],
      ['WAITING', [3, 4, 5, 6]],
    ]);
    receiver.behave({ status: 200 });
    receiver.hangUp();
    await stage.alerts.deliveries.idle();
    expect((await of('hanging')).map(({ state }) => state)).toEqual(['WAITING', 'WAITING', 'DELIVERED']);
    expect((await of('well')).map(({ state }) => state)).toEqual(Array(count).fill('DELIVERED'));
  });

  test('is left where it is when its process stops, but for what is under way', async () => {
    receiver.behave('hang');
    await channel({ groupSeconds: 0 });
    const stopping = anotherAlerts(stage, { timeoutMs: 2_000 });
    for (const number of [1, 2, 3, 4]) {
      await critical(`alert ${number}`);
      // Sealed, so that each is a message of its own.
      await stage.world.rows('UPDATE alert_delivery SET sealed = true');
    }
    for (const { id } of await deliveries()) await stopping.deliveries.take(id);
    await receiver.nth(2);
    const stopped = stopping.stop();
    receiver.behave({ status: 200 });
    receiver.hangUp();
    await stopped;
    expect((await deliveries()).map(({ attempts }) => attempts).sort()).toEqual([0, 0, 1, 1]);
    expect(receiver.received).toHaveLength(2);
  });

  test('goes to Slack as text in which nothing of an alert is taken for formatting', async () => {
    await channel({ target: `${receiver.url}/services/T0/B0/secret`, groupSeconds: 0 }, 'SLACK');
    await stage.raise({ title: 'A <script> & more', detail: '1 < 2', severity: 'CRITICAL' });
    await stage.alerts.settle({ kind: 'RESERVATION_ORPHANED', subject: 'dp_1' });
    await tryAll();
    expect(receiver.received.map(({ body }) => JSON.parse(body))).toEqual([
      {
        text: [
          ':red_circle: *CRITICAL* A &lt;script&gt; &amp; more',
          '1 &lt; 2',
          ':large_green_circle: *RESOLVED* Resolved: A &lt;script&gt; &amp; more',
          'Its cause is gone.',
        ].join('\n'),
      },
    ]);
    expect(receiver.received[0]?.headers['webhook-signature']).toBeUndefined();
  });

  test('goes by e-mail to each address, and is known again by its id', async () => {
    mailbox.refuse('5.1.1 No such user');
    await channel({ target: 'ann@solvent.test, bob@solvent.test', groupSeconds: 0 }, 'EMAIL');
    await stage.raise({ title: 'A payment is disputed\r\nBcc: eve@solvent.test', severity: 'CRITICAL' });
    await tryAll();
    const [waiting] = (await deliveries()) as [Delivery];
    expect(waiting).toMatchObject({ state: 'WAITING' });
    expect(waiting.last_error).toMatch(/^The e-mail could not be sent: 550: .*No such user/s);
    mailbox.refuse(null);
    stage.clock.advance(10_000);
    await tryAll();
    const mail = mailbox.mails.at(-1);
    expect(mail).toMatchObject({
      from: 'solvent@solvent.test',
      to: ['ann@solvent.test', 'bob@solvent.test'],
    });
    expect(mail?.raw).toMatch(new RegExp(`^Message-ID: <${waiting.id}@solvent>`, 'm'));
    expect(mail?.raw).toMatch(/^Subject: \[CRITICAL\] A payment is disputed/m);
    expect(mail?.raw.split('\r\n\r\n')[0]).not.toMatch(/^Bcc:/m);
    expect(mail?.raw).toMatch(/It is \$20\.00\./);
  });

  test('is a test when an operator asks for one, and says at once what came of it', async () => {
    const { id } = await channel();
    const well = await stage.alerts.deliveries.test(id);
    receiver.behave({ status: 500 });
    const ill = await stage.alerts.deliveries.test(id);
    expect((await deliveries()).map(({ id: made, state, attempts }) => [made, state, attempts])).toEqual([
      [well, 'DELIVERED', 1],
      [ill, 'DEAD', 1],
    ]);
    expect(JSON.parse(receiver.received[0]?.body ?? '')).toMatchObject({
      type: 'alerts.test',
      data: { changes: [] },
    });
    expect(await stage.alerts.deliveries.test('00000000-0000-0000-0000-000000000000')).toBeNull();
  });
});
