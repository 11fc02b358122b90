/** Alerts as operators see them: from a call that costs too much to a message that is signed, over the real server. */
import { Webhook } from 'standardwebhooks';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createRouting } from '../../server/routing/index.ts';
import { unique } from '../support/client.ts';
import { describeOnEachDatabase } from '../support/databases.ts';
import { type Received, type Receiver, startReceiver } from '../support/receiver.ts';
import { startTestServer, type TestServer, until } from '../support/server.ts';
import { reserveItem } from '../support/world.ts';

interface Alert {
  readonly id: string;
  readonly sequence: number;
  readonly kind: string;
  readonly severity: string;
  readonly state: string;
  readonly title: string;
  readonly subject: string | null;
  readonly acknowledgedAt: string | null;
  readonly acknowledgedBy: string | null;
  readonly resolvedAt: string | null;
  readonly changes: readonly {
    readonly sequence: number;
    readonly change: string;
    readonly reason: string | null;
  }[];
}

const FIELDS = `id sequence kind severity state title subject acknowledgedAt acknowledgedBy resolvedAt changes { sequence change reason }`;

describeOnEachDatabase('an operator', (kind) => {
  let server: TestServer;
  let receiver: Receiver;

  beforeAll(async () => {
    receiver = await startReceiver();
    server = await startTestServer({ kind, env: { ALLOW_PRIVATE_URLS: 'on' } });
  });
  afterAll(async () => {
    await server.close();
    await receiver.close();
  });

  const alerts = async (filter = '') =>
    (
      await server.admin.ask<{ alerts: { edges: { node: Alert }[] } }>(
        `{ alerts(first: 100${filter}) { edges { node { ${FIELDS} } } } }`,
      )
    ).alerts.edges.map(({ node }) => node);
  const createChannel = (input: object, channelKind = 'WEBHOOK') =>
    server.admin.ask<{
      createAlertChannel: {
        __typename: string;
        secret?: string | null;
        channel?: { id: string; target: string };
        fields?: { path: string; message: string }[];
      };
    }>(
      `mutation ($kind: AlertChannelKind!, $input: AlertChannelInput!) { createAlertChannel(kind: $kind, input: $input) {
        __typename ... on SavedAlertChannel { secret channel { id target } } ... on InvalidInputError { fields { path message } } } }`,
      { kind: channelKind, input },
    );

  test('hears of a budget that is passed by a signed message within two seconds, acknowledges it, and sees it end', async () => {
    const { createAlertChannel: made } = await createChannel({
      name: 'ops',
      target: receiver.url,
      groupSeconds: 0,
    });
    const secret = made.secret ?? '';
    expect(secret).toMatch(/^whsec_/);
    await server.admin.setBudget({ scope: 'GLOBAL', period: 'DAY', limit: '0.003', action: 'WARN' });
    const start = performance.now();
    const accountId = await server.admin.account(100);
    await server.admin.generateImage({ accountId });
    const first = await receiver.nth(1);
    expect(performance.now() - start).toBeLessThan(15_000);
    const verified = new Webhook(secret).verify(first.body, first.headers as Record<string, string>) as {
      data: { changes: { alert: { id: string; kind: string } }[] };
    };
    expect(verified.data.changes[0]?.alert.kind).toBe('BUDGET_WARNING');
    await until(
      'all three steps are told of',
      async () => (await alerts(', kinds: [BUDGET_WARNING]')).length === 3,
    );

    // The id in the message is the id everywhere.
    const id = verified.data.changes[0]?.alert.id ?? '';
    const { acknowledgeAlert } = await server.admin.ask<{ acknowledgeAlert: Alert }>(
      `mutation ($id: ID!) { acknowledgeAlert(id: $id, note: "Raising it") { ${FIELDS} } }`,
      { id },
    );
    expect(acknowledgeAlert).toMatchObject({ id, state: 'ACKNOWLEDGED', acknowledgedAt: expect.any(String) });
    expect(await alerts(', isOver: false, search: "global daily", kinds: [BUDGET_WARNING]')).toHaveLength(3);
    expect(await alerts(', isOver: false, search: "100%25"')).toEqual([]);
    const { alertCounts } = await server.admin.ask<{ alertCounts: Record<string, number> }>(
      '{ alertCounts { open critical acknowledged sequence } }',
    );
    expect(alertCounts).toEqual({
      open: 2,
      critical: acknowledgeAlert.severity === 'CRITICAL' ? 0 : 1,
      acknowledged: 1,
      sequence: acknowledgeAlert.sequence,
    });
    const { node } = await server.admin.ask<{ node: Alert }>(
      `query ($id: ID!) { node(id: $id) { ... on Alert { ${FIELDS} } } }`,
      { id },
    );
    expect(node).toEqual(acknowledgeAlert);
    const { resolveAlert } = await server.admin.ask<{ resolveAlert: Alert }>(
      `mutation ($id: ID!) { resolveAlert(id: $id, reason: "Raised it") { ${FIELDS} } }`,
      { id },
    );
    expect(resolveAlert).toMatchObject({ state: 'RESOLVED', resolvedAt: expect.any(String) });
    expect(resolveAlert.changes.map(({ change, reason }) => [change, reason])).toEqual([
      ['OPENED', null],
      ['ACKNOWLEDGED', 'Raising it'],
      ['RESOLVED', 'Raised it'],
    ]);
    expect((await alerts(', isOver: true, kinds: [BUDGET_WARNING]')).map((alert) => alert.id)).toEqual([id]);
    // A budget with room again ends the rest by itself.
    await server.admin.setBudget({ scope: 'GLOBAL', period: 'DAY', limit: '100', action: 'WARN' });
    await until(
      'all are resolved',
      async () => (await alerts(', state: OPEN, kinds: [BUDGET_WARNING]')).length === 0,
    );
  });

  test('is told of a shutdown by another operator, and asks for what happened from a number on', async () => {
    const { alertChanges: before } = await server.admin.ask<{ alertChanges: { sequence: number }[] }>(
      `{ alertChanges(first: 100) { sequence } }`,
    );
    const last = before.at(-1)?.sequence ?? 0;
    expect(before.map(({ sequence }) => sequence)).toEqual(before.map((_, index) => index + 1));
    await server.admin.ask(`mutation { suspendService(reason: "Too dear") { state } }`);
    const isOpen = async (state: string) =>
      (await alerts(', kinds: [EMERGENCY_SHUTDOWN]')).some((alert) => alert.state === state);
    await until('it is told of', () => isOpen('OPEN'));
    await server.admin.ask(`mutation { resumeService(reason: "It was not") { state } }`);
    await until('it is over', () => isOpen('RESOLVED'));
    const { alertChanges } = await server.admin.ask<{
      alertChanges: { sequence: number; change: string; alert: Alert }[];
    }>(
      `query ($after: Int) { alertChanges(afterSequence: $after) { sequence change alert { state sequence kind } } }`,
      {
        after: last,
      },
    );
    expect(alertChanges).toEqual([
      {
        sequence: last + 1,
        change: 'OPENED',
        alert: { state: 'OPEN', sequence: last + 1, kind: 'EMERGENCY_SHUTDOWN' },
      },
      {
        sequence: last + 2,
        change: 'RESOLVED',
        alert: { state: 'RESOLVED', sequence: last + 2, kind: 'EMERGENCY_SHUTDOWN' },
      },
    ]);
  });

  test('filters alerts by kind, severity, state and subject', async () => {
    const { core } = server;
    for (const severity of ['INFO', 'WARNING', 'CRITICAL'] as const) {
      await core.alerts.raise({
        kind: 'BILL_MISMATCH',
        subject: severity,
        severity,
        title: severity,
        detail: '',
      });
    }
    const subjects = async (filter: string) =>
      (await alerts(`, kinds: [BILL_MISMATCH]${filter}`)).map(({ subject }) => subject);
    expect(await subjects('')).toEqual(['CRITICAL', 'WARNING', 'INFO']);
    expect(await subjects(', minimumSeverity: WARNING')).toEqual(['CRITICAL', 'WARNING']);
    expect(await subjects(', subject: "INFO"')).toEqual(['INFO']);
    expect(await subjects(', state: RESOLVED')).toEqual([]);
    await core.alerts.settle({ kind: 'BILL_MISMATCH', subject: 'INFO' });
    expect(await subjects(', state: RESOLVED')).toEqual(['INFO']);
  });

  test('sets thresholds, each by its unit, and is told of each that cannot be', async () => {
    const set = (input: object) =>
      server.admin.ask<{ setAlertRule: Record<string, unknown> }>(
        `mutation ($input: SetAlertRuleInput!) { setAlertRule(input: $input) {
          ... on AlertRule { kind enabled updatedBy settings { name value shipped unit } }
          ... on InvalidInputError { fields { path message } } } }`,
        { input },
      );
    const { setAlertRule } = await set({
      kind: 'MARGIN_LOW',
      settings: [
        { name: 'warningPercent', value: '35' },
        { name: 'minimumCost', value: '2.50' },
      ],
    });
    expect(setAlertRule).toMatchObject({ kind: 'MARGIN_LOW', enabled: true, updatedBy: expect.any(String) });
    expect(setAlertRule.settings).toContainEqual({
      name: 'warningPercent',
      value: '35',
      shipped: '40',
      unit: 'PERCENT',
    });
    const wrong = await set({
      kind: 'MARGIN_LOW',
      settings: [
        { name: 'warningPercent', value: '101' },
        { name: 'minimumCost', value: '1e3' },
        { name: 'colour', value: 'red' },
      ],
    });
    expect(wrong.setAlertRule.fields).toEqual([
      { path: 'settings.0.value', message: 'Give a whole number from 0 to 100.' },
      { path: 'settings.1.value', message: expect.stringContaining('is not a decimal amount') },
      {
        path: 'settings.2.name',
        message: expect.stringContaining('MARGIN_LOW has no such setting. It has warningPercent,'),
      },
    ]);
    for (const value of ['95,80', '80,80', '', '0', '80;95', '1001']) {
      const answer = await set({ kind: 'BUDGET_WARNING', settings: [{ name: 'steps', value }] });
      expect(answer.setAlertRule.fields, value).toHaveLength(1);
    }
    const { alertRules } = await server.admin.ask<{ alertRules: { kind: string; description: string }[] }>(
      '{ alertRules { kind description enabled settings { name unit description value } } }',
    );
    expect(alertRules).toHaveLength(13);
    const [noted] = await server.rows(
      `SELECT action, subject FROM audit_log WHERE action = 'alert-rule.set'`,
    );
    expect(noted).toEqual({ action: 'alert-rule.set', subject: 'MARGIN_LOW' });
  });

  test('is told of each argument of a channel that cannot be', async () => {
    const problems = async (input: object, channelKind?: string) => {
      const { createAlertChannel } = await createChannel(input, channelKind);
      return createAlertChannel.fields?.map(({ path }) => path);
    };
    const well = { name: 'x', target: 'https://example.com/hook' };
    expect(await problems({})).toEqual(['name', 'target']);
    expect(await problems({ ...well, target: 'ftp://example.com' })).toEqual(['target']);
    expect(await problems({ ...well, target: 'https://a:b@example.com' })).toEqual(['target']);
    expect(await problems({ ...well, groupSeconds: 3601 })).toEqual(['groupSeconds']);
    expect(await problems({ ...well, timeZone: 'Mars/Olympus' })).toEqual(['timeZone']);
    expect(await problems({ ...well, quietFrom: '22:00' })).toEqual(['quietTo']);
    expect(await problems({ ...well, quietFrom: '25:00', quietTo: '07:00' })).toEqual(['quietFrom']);
    expect(await problems({ ...well, quietFrom: '07:00', quietTo: '07:00' })).toEqual(['quietTo']);
    expect(await problems({ ...well, escalateAfterMinutes: 5 })).toEqual(['escalateToId']);
    expect(await problems({ ...well, escalateAfterMinutes: 5, escalateToId: 'alc_x' })).toEqual([
      'escalateToId',
    ]);
    expect(await problems({ ...well, target: 'ops@example.com' }, 'EMAIL')).toEqual(['target']);
  });

  test('changes a channel whose time zone was taken before it was refused', async () => {
    const { createAlertChannel: made } = await createChannel({
      name: 'old',
      target: 'https://example.com/h',
    });
    await server.rows("UPDATE alert_channel SET time_zone = 'CET' WHERE name = 'old' RETURNING id");
    const change = (input: object) =>
      server.admin.ask<{ updateAlertChannel: object }>(
        `mutation ($id: ID!, $input: AlertChannelInput!) { updateAlertChannel(id: $id, input: $input) {
          ... on SavedAlertChannel { channel { enabled timeZone } } ... on InvalidInputError { fields { path } } } }`,
        { id: made.channel?.id, input },
      );
    expect(await change({ enabled: false })).toEqual({
      updateAlertChannel: { channel: { enabled: false, timeZone: 'CET' } },
    });
    // The page sends all that it shows.
    expect(await change({ enabled: true, timeZone: 'CET' })).toEqual({
      updateAlertChannel: { channel: { enabled: true, timeZone: 'CET' } },
    });
    expect(await change({ timeZone: 'IST' })).toEqual({
      updateAlertChannel: { fields: [{ path: 'timeZone' }] },
    });
    await server.admin.ask('mutation ($id: ID!) { removeAlertChannel(id: $id) }', { id: made.channel?.id });
  });

  test('changes, tests and removes a channel, and never sees a secret again', async () => {
    const { createAlertChannel: made } = await createChannel({
      name: 'ops',
      target: `${receiver.url}?key=topsecret`,
      quietFrom: '22:00',
      quietTo: '07:00',
      timeZone: 'Europe/Berlin',
      minimumSeverity: 'CRITICAL',
    });
    const { createAlertChannel: slack } = await createChannel(
      { name: 'chat', target: 'https://hooks.slack.com/services/T/B/topsecret', enabled: false },
      'SLACK',
    );
    expect([slack.secret, slack.channel?.target]).toEqual([null, 'https://hooks.slack.com/…']);
    const id = made.channel?.id ?? '';
    receiver.clear();
    const { testAlertChannel } = await server.admin.ask<{ testAlertChannel: object }>(
      `mutation ($id: ID!) { testAlertChannel(id: $id) { state reason attempts lastError channelName changes { sequence } } }`,
      { id },
    );
    expect(testAlertChannel).toEqual({
      state: 'DELIVERED',
      reason: 'TEST',
      attempts: 1,
      lastError: null,
      channelName: 'ops',
      changes: [],
    });
    const { updateAlertChannel } = await server.admin.ask<{ updateAlertChannel: object }>(
      `mutation ($id: ID!, $to: ID!) { updateAlertChannel(id: $id, input: { name: "night", quietFrom: "", quietTo: "", escalateAfterMinutes: 10, escalateToId: $to }) {
        ... on SavedAlertChannel { secret channel { name quietFrom quietTo timeZone minimumSeverity escalateAfterMinutes escalateTo { name } } } } }`,
      { id, to: slack.channel?.id },
    );
    expect(updateAlertChannel).toEqual({
      secret: null,
      channel: {
        name: 'night',
        quietFrom: null,
        quietTo: null,
        timeZone: 'Europe/Berlin',
        minimumSeverity: 'CRITICAL',
        escalateAfterMinutes: 10,
        escalateTo: { name: 'chat' },
      },
    });
    const { rotateAlertChannelSecret: next } = await server.admin.ask<{ rotateAlertChannelSecret: string }>(
      `mutation ($id: ID!) { rotateAlertChannelSecret(id: $id) }`,
      { id },
    );
    await server.admin.ask(`mutation ($id: ID!) { testAlertChannel(id: $id) { state } }`, { id });
    const [, again] = receiver.received as [Received, Received];
    for (const secret of [made.secret ?? '', next]) {
      new Webhook(secret).verify(again.body, again.headers as Record<string, string>);
    }
    const everything = JSON.stringify([
      await server.admin.ask(
        '{ alertChannels { id name target } alertDeliveries { edges { node { id lastError } } } }',
      ),
      await server.rows('SELECT * FROM audit_log'),
      server.log,
    ]);
    for (const secret of [made.secret ?? '', next, 'topsecret']) expect(everything).not.toContain(secret);
    const remove = (which: string | undefined) =>
      server.admin.ask<{ removeAlertChannel: boolean }>(
        `mutation ($id: ID!) { removeAlertChannel(id: $id) }`,
        { id: which },
      );
    expect(await remove(slack.channel?.id)).toEqual({ removeAlertChannel: true });
    expect(await remove(slack.channel?.id)).toEqual({ removeAlertChannel: false });
    const { node } = await server.admin.ask<{ node: object }>(
      `query ($id: ID!) { node(id: $id) { ... on AlertChannel { escalateAfterMinutes escalateTo { name } } } }`,
      { id },
    );
    expect(node).toEqual({ escalateAfterMinutes: null, escalateTo: null });
  });

  test('finds a message that is dead in a list, and has it tried anew', async () => {
    const { createAlertChannel: made } = await createChannel({ name: 'dead', target: receiver.url });
    const channelId = made.channel?.id;
    receiver.behave({ status: 410 });
    await server.admin.ask(`mutation ($id: ID!) { testAlertChannel(id: $id) { state } }`, { id: channelId });
    receiver.behave({ status: 204 });
    const list = async (state: string) =>
      (
        await server.admin.ask<{
          alertDeliveries: { edges: { node: { id: string; lastError: string | null } }[] };
        }>(
          `query ($channelId: ID, $state: AlertDeliveryState) {
            alertDeliveries(channelId: $channelId, state: $state) { edges { node { id lastError } } } }`,
          { channelId, state },
        )
      ).alertDeliveries.edges.map(({ node }) => node);
    const [dead] = await list('DEAD');
    expect(dead?.lastError).toBe('It answered 410.');
    const retry = () =>
      server.admin.send(`mutation ($id: ID!) { retryDelivery(id: $id) { state } }`, { id: dead?.id });
    expect((await retry()).data).toEqual({ retryDelivery: { state: expect.not.stringMatching('DEAD') } });
    await until('it is delivered', async () => (await list('DELIVERED')).length === 1);
    expect((await retry()).code).toBe('NOT_FOUND');
  });

  test('needs a scope for each: reading, protecting, and the channels', async () => {
    const id = `alt_01900000-0000-7000-8000-000000000001`;
    const reads = [
      '{ alerts { edges { node { id } } } }',
      '{ alertRules { kind } }',
      '{ alertChanges { sequence } }',
    ];
    const protects = [
      `mutation { acknowledgeAlert(id: "${id}") { id } }`,
      `mutation { resolveAlert(id: "${id}") { id } }`,
      `mutation { setAlertRule(input: { kind: MARGIN_LOW }) { __typename } }`,
    ];
    const administers = [
      '{ alertChannels { id } }',
      '{ alertDeliveries { edges { node { id } } } }',
      `mutation { createAlertChannel(kind: SLACK, input: {}) { __typename } }`,
      `mutation { updateAlertChannel(id: "x", input: {}) { __typename } }`,
      `mutation { removeAlertChannel(id: "x") }`,
      `mutation { rotateAlertChannelSecret(id: "x") }`,
      `mutation { testAlertChannel(id: "x") { id } }`,
      `mutation { retryDelivery(id: "x") { id } }`,
    ];
    const codes = async (token: string, documents: readonly string[]) =>
      new Set(
        await Promise.all(documents.map(async (document) => (await server.as(token).send(document)).code)),
      );
    const reader = (await server.admin.keyWith('profit:read')).key;
    expect(await codes(reader, reads)).toEqual(new Set([undefined]));
    expect(await codes(reader, [...protects, ...administers])).toEqual(new Set(['FORBIDDEN']));
    const protector = (await server.admin.keyWith('protection:write', 'profit:read')).key;
    expect(await codes(protector, protects)).toEqual(new Set(['NOT_FOUND', undefined]));
    expect(await codes(protector, administers)).toEqual(new Set(['FORBIDDEN']));
    const account = await server.admin.tokenOf(await server.admin.account());
    expect(await codes(account, [...reads, ...protects, ...administers])).toEqual(new Set(['FORBIDDEN']));
  });

  test('is told of reservations that nobody answered for, once an hour', async () => {
    const { core } = server;
    const accountId = (await server.admin.account(10)).slice(4);
    const dead = unique('dead');
    for (const number of [1, 2]) {
      await core.ledger.reserve({
        ...reserveItem(accountId, core.clock.now(), {
          key: `${dead}-${number}`,
        }),
        expiresAt: new Date(core.clock.now().getTime() - 1),
      });
      await core.generations.recovery.sweep();
    }
    const told = await alerts(', kinds: [RESERVATION_ORPHANED]');
    expect(told.map(({ severity, state, title }) => [severity, state, title])).toEqual([
      ['WARNING', 'OPEN', 'Reservations were found that no process answered for'],
    ]);
  });

  test('is told of a provider that is down within a second of the process that finds it out', async () => {
    const { core } = server;
    const routing = await createRouting({
      database: core.database,
      clock: core.clock,
      log: core.log,
      thresholds: { failures: 1, pauseMs: 60_000 },
      onChanged: () => core.alerts.signal('circuits'),
    });
    await routing.call('pika', async () => ({
      status: 'failed',
      code: 'PROVIDER_UNAVAILABLE',
      billed: 'no',
      retryable: true,
      message: 'It is not available.',
      detail: 'HTTP 503',
    }));
    routing.close();
    await until('it is told', async () => (await alerts(', kinds: [PROVIDER_DOWN]')).length > 0);
    expect((await alerts(', kinds: [PROVIDER_DOWN]')).map(({ subject }) => subject)).toEqual(['pika']);
  });
});
