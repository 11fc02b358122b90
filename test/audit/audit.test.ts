import { afterAll, beforeAll, expect, it } from 'vitest';
import { type ChannelInput, createAlerts } from '../../server/alerts/index.ts';
import { auditWithin, runAudit } from '../../server/audit/index.ts';
import { INVARIANTS } from '../../server/audit/statements.ts';
import type { Sql } from '../../server/database/index.ts';
import { newId } from '../../server/ids.ts';
import type { Live } from '../../server/live/index.ts';
import { silentLog } from '../../server/log.ts';
import type { Queue } from '../../server/queue/index.ts';
import { createReconciliation } from '../../server/reconciliation/index.ts';
import { csv, importText, row, stream } from '../history/fixture.ts';
import { bookPayments } from '../support/booked.ts';
import { describeOnEachDatabase, longTablesOn } from '../support/databases.ts';
import { CEILING_MICROS, openWorld, type World } from '../support/world.ts';

const SECOND_ALERT = newId();

/** Two words of each sentence, by which the table below names it. */
const NAMES: Record<string, string> = {
  totals: "Each account's totals",
  numbered: 'entries are numbered from 1',
  available: 'what was available after it',
  overdrawn: 'No account has fewer credits',
  remains: 'what remains of its grants',
  reserved: 'what its pending reservations hold',
  parts: "Each grant's parts",
  given: 'Each grant has its entries',
  earned: "Each grant's revenue",
  once: 'one that resolves it',
  sources: "Each reservation's credits",
  charge: 'Each generation charges',
  cost: 'Each generation costs',
  attempts: "Attempts carry their generation's",
  spent: "What a budget's window has spent",
  held: "What a budget's window has reserved",
  passed: 'No budget that blocks',
  deferred: 'What an account has yet to earn',
  moved: 'What a generation earned has left',
  summaries: 'The summaries are',
  imported: 'Each imported call has',
  adjusted: 'Each adjustment is',
  served: 'an earlier result served',
  wheel: 'What the wheel has given away',
  rewards: 'A prize belongs to a spin',
  references: 'Every row that names another',
  keys: 'idempotency key of a grant',
  cash: 'stands in the cash book once',
  bought: 'What a payment bought earns',
  come: 'part of a payment that has come',
  fees: "Each charge's fee",
  back: 'No more goes back than was paid',
  taken: 'Credits are taken back for money',
  plan: "An account's plan is the one",
  days: "Each day's deferred revenue",
  requests: 'key of a request to Stripe',
  alerts: 'one alert for each kind',
  changes: 'Changes of alerts are numbered',
  standing: 'as its newest change left it',
  life: 'could follow the change before it',
  told: 'in one message to each channel',
  escalated: 'Each escalation that was noted',
  messages: 'Each message of alerts',
};

const sentenceOf = (name: string) => {
  const found = INVARIANTS.filter((invariant) => invariant.sentence.includes(NAMES[name] ?? 'no such name'));
  expect(found).toHaveLength(1);
  return found[0]?.sentence ?? '';
};

/**
 * A corruption, and the lines that it breaks. `posted`, `pending`, `voided` and `account` stand for ids. Where one
 * figure is told in two places, a corruption of one of them breaks two lines; that is said.
 */
const CORRUPTIONS: readonly { readonly breaks: readonly string[]; readonly sql: readonly string[] }[] = [
  {
    breaks: ['totals'],
    sql: [
      `INSERT INTO entry (account_id, sequence, kind, credits, posted_delta, reserved_delta, available_after, created_at)
      SELECT id, entry_sequence + 1, 'REVOKE', 0, 1, 1, posted - reserved, now() FROM account WHERE id = :account`,
      'UPDATE account SET entry_sequence = entry_sequence + 1 WHERE id = :account',
    ],
  },
  {
    breaks: ['numbered'],
    sql: [
      `UPDATE entry SET sequence = sequence + 1 WHERE account_id = :account
        AND sequence = (SELECT entry_sequence FROM account WHERE id = :account)`,
    ],
  },
  {
    breaks: ['available'],
    sql: ['UPDATE entry SET available_after = available_after + 1 WHERE generation_id = :posted'],
  },
  { breaks: ['available'], sql: ['UPDATE entry SET credits = credits - 1 WHERE generation_id = :pending'] },
  {
    breaks: ['overdrawn', 'remains', 'totals'],
    sql: ['UPDATE account SET posted = reserved - 1 WHERE id = :account'],
  },
  {
    breaks: ['remains', 'given'],
    sql: [
      `INSERT INTO "grant" (id, account_id, source, credits, revenue_micros, priority, effective_at, created_at)
      VALUES ('${newId()}', :account, 'ADMIN', 3, 0, 0, now(), now())`,
    ],
  },
  { breaks: ['reserved', 'totals'], sql: ['UPDATE account SET reserved = reserved + 1 WHERE id = :account'] },
  {
    breaks: ['parts'],
    sql: ['UPDATE "grant" SET exhausted = NOT exhausted WHERE account_id = :account AND expires_at IS NULL'],
  },
  {
    breaks: ['parts', 'reserved'],
    sql: ['UPDATE "grant" SET reserved = reserved + 1 WHERE account_id = :account AND expires_at IS NULL'],
  },
  {
    breaks: ['given', 'earned'],
    sql: [`UPDATE entry SET kind = 'REVOKE' WHERE account_id = :account AND kind = 'GRANT' AND sequence = 1`],
  },
  { breaks: ['given'], sql: [`UPDATE entry SET kind = 'REVOKE' WHERE kind = 'EXPIRE_GRANT'`] },
  {
    breaks: ['earned'],
    sql: ['UPDATE "grant" SET revenue_micros = revenue_micros + 1 WHERE used = credits'],
  },
  {
    breaks: ['once', 'days'],
    sql: [`UPDATE entry SET kind = 'VOID' WHERE generation_id = :posted AND kind = 'POST'`],
  },
  {
    // Resolved twice, though nothing of it changed the totals.
    breaks: ['once'],
    sql: [
      `INSERT INTO entry (account_id, sequence, kind, credits, posted_delta, reserved_delta, available_after, generation_id, created_at)
      SELECT id, entry_sequence + 1, 'VOID', 0, 0, 0, posted - reserved, :posted, now() FROM account WHERE id = :account`,
      'UPDATE account SET entry_sequence = entry_sequence + 1 WHERE id = :account',
    ],
  },
  { breaks: ['served'], sql: ['UPDATE generation SET cached = true WHERE id = :posted'] },
  {
    breaks: ['served', 'summaries'],
    sql: [`UPDATE attempt SET cost_source = 'cache' WHERE generation_id = :posted`],
  },
  {
    breaks: ['sources'],
    sql: ['UPDATE reservation SET grant_reserved[1] = grant_reserved[1] + 1 WHERE id = :voided'],
  },
  {
    breaks: ['parts', 'sources'],
    sql: ['UPDATE reservation SET grant_reserved[1] = grant_reserved[1] + 1 WHERE id = :pending'],
  },
  {
    breaks: ['parts', 'references'],
    sql: [`UPDATE reservation SET grant_ids[1] = '${newId()}' WHERE id = :pending`],
  },
  {
    breaks: ['parts', 'sources', 'charge'],
    sql: ['UPDATE reservation SET grant_posted[1] = grant_posted[1] - 1 WHERE id = :posted'],
  },
  {
    breaks: ['earned', 'charge'],
    sql: ['UPDATE reservation SET grant_revenue[1] = grant_revenue[1] - 1 WHERE id = :posted'],
  },
  { breaks: ['charge'], sql: [`UPDATE generation SET status = 'FAILED' WHERE id = :posted`] },
  { breaks: ['charge'], sql: [`UPDATE generation SET status = 'SUCCEEDED' WHERE id = :pending`] },
  {
    breaks: ['charge', 'attempts'],
    sql: ['UPDATE generation SET credits_charged = credits_charged + 1 WHERE id = :posted'],
  },
  { breaks: ['cost'], sql: ['UPDATE generation SET cost_micros = cost_micros + 1 WHERE id = :posted'] },
  {
    breaks: ['cost', 'spent'],
    sql: ['UPDATE reservation SET cost_micros = cost_micros + 1 WHERE id = :voided'],
  },
  {
    breaks: ['attempts', 'summaries'],
    sql: ['UPDATE attempt SET credits_charged = credits_charged + 1 WHERE generation_id = :posted'],
  },
  { breaks: ['spent'], sql: ['UPDATE budget_window SET opening_micros = opening_micros + 1'] },
  { breaks: ['held'], sql: ['UPDATE budget_window SET reserved_micros = reserved_micros + 1'] },
  { breaks: ['passed'], sql: ['UPDATE budget_window SET admitted_limit_micros = 0'] },
  { breaks: ['passed'], sql: ['UPDATE budget_window SET excess_micros = -1'] },
  { breaks: ['summaries'], sql: ['UPDATE model_summary SET lost_cost_micros = lost_cost_micros + 1'] },
  { breaks: ['summaries'], sql: ['DELETE FROM segment_summary'] },
  { breaks: ['summaries'], sql: ['UPDATE account_summary SET duration_ms = duration_ms + 1'] },
  {
    breaks: ['moved', 'deferred'],
    sql: [`UPDATE entry SET deferred_delta_micros = deferred_delta_micros + 1 WHERE kind = 'POST'`],
  },
  {
    breaks: ['earned', 'deferred'],
    sql: [`UPDATE entry SET deferred_delta_micros = deferred_delta_micros - 1 WHERE kind = 'EXPIRE_GRANT'`],
  },
  { breaks: ['wheel'], sql: ['UPDATE wheel_day SET cost_micros = cost_micros + 1'] },
  { breaks: ['wheel'], sql: [`UPDATE wheel_spin SET created_at = created_at - interval '1 day'`] },
  { breaks: ['rewards'], sql: [`UPDATE wheel_spin SET grant_id = '${newId()}'`] },
  { breaks: ['rewards'], sql: ['UPDATE referral SET friend_grant_id = referrer_grant_id'] },
  { breaks: ['references'], sql: [`UPDATE revocation SET grant_id = '${newId()}'`] },
  { breaks: ['keys'], sql: ['DELETE FROM revocation'] },
  { breaks: ['imported'], sql: [`UPDATE imported_call SET external_id = ''`] },
  { breaks: ['summaries'], sql: ['UPDATE imported_call SET cost_micros = cost_micros + 1'] },
  { breaks: ['references', 'summaries'], sql: [`UPDATE imported_call SET account_id = '${newId()}'`] },
  { breaks: ['adjusted'], sql: ['UPDATE cost_adjustment SET booked_micros = booked_micros + 1'] },
  { breaks: ['adjusted'], sql: [`DELETE FROM audit_log WHERE action = 'cost.adjust'`] },
  { breaks: ['summaries'], sql: ['DELETE FROM cost_adjustment'] },
  { breaks: ['references'], sql: [`UPDATE output SET generation_id = '${newId()}'`] },
  { breaks: ['references'], sql: ['DELETE FROM server_process'] },
  { breaks: ['references'], sql: ['DELETE FROM budget'] },
  {
    breaks: ['references', 'spent', 'held'],
    sql: ['UPDATE reservation SET window_ids = ARRAY[999999::bigint]'],
  },
  {
    breaks: ['keys'],
    sql: [`UPDATE idempotency_record SET result_id = '${newId()}' WHERE operation = 'GRANT'`],
  },
  {
    breaks: ['keys'],
    sql: [`UPDATE idempotency_record SET result_id = '${newId()}' WHERE result_id = :pending`],
  },
  {
    breaks: ['cash'],
    sql: ["UPDATE book_line SET amount_micros = amount_micros + 1 WHERE kind = 'PAYMENT'"],
  },
  { breaks: ['cash'], sql: ["DELETE FROM book_line WHERE kind = 'PAYMENT' AND payment_id = :payment"] },
  {
    breaks: ['bought', 'come'],
    sql: ['UPDATE payment_part SET revenue_micros = revenue_micros - 1 WHERE payment_id = :payment'],
  },
  {
    breaks: ['come'],
    sql: [
      `UPDATE payment_part SET grant_id = (SELECT id FROM "grant" g WHERE g.account_id = :account AND g.credits = 20 LIMIT 1), returned = true WHERE payment_id = :payment`,
      `INSERT INTO payment_part SELECT '${newId()}', payment_id, account_id, credits, revenue_micros, false, due_at, expires_at, created_at, y.grant_id, given_at, canceled_at
      FROM payment_part s JOIN (SELECT id, grant_id FROM payment) y ON y.id = s.payment_id WHERE payment_id = :payment`,
    ],
  },
  { breaks: ['fees'], sql: [`DELETE FROM book_line WHERE kind = 'FEE' AND payment_id = :payment`] },
  { breaks: ['back'], sql: [`DELETE FROM book_line WHERE kind = 'REFUND'`] },
  { breaks: ['back'], sql: ['UPDATE refund SET amount_micros = amount_micros - 1'] },
  { breaks: ['taken'], sql: ['UPDATE payment SET credits_due = credits_due + 1 WHERE id = :payment'] },
  { breaks: ['plan'], sql: ["UPDATE subscription SET status = 'canceled'"] },
  {
    breaks: ['days', 'moved', 'deferred'],
    sql: [`UPDATE entry SET deferred_delta_micros = -1 WHERE kind = 'VOID'`],
  },
  { breaks: ['references'], sql: [`DELETE FROM pack_version`] },
  {
    breaks: ['requests'],
    sql: [`UPDATE idempotency_record SET result_id = '${newId()}' WHERE operation = 'CHECKOUT'`],
  },
  {
    // A second alert of the same, with a change of its own as any has.
    breaks: ['alerts', 'told'],
    sql: [
      'DROP INDEX alert_kind_subject_window_key_key',
      'UPDATE alert_sequence SET last = last + 1',
      `INSERT INTO alert (id, sequence, kind, severity, state, subject, window_key, title, detail, opened_at)
      SELECT '${SECOND_ALERT}', s.last, kind, 'WARNING', 'OPEN', subject, window_key, 'x', 'x', now()
      FROM alert, alert_sequence s WHERE subject = 'dp_1'`,
      `INSERT INTO alert_event (sequence, alert_id, change, at, by, severity, state, title, detail, opened_at)
      SELECT sequence, id, 'OPENED', '2030-01-01', 'system', severity, state, title, detail, opened_at FROM alert WHERE id = '${SECOND_ALERT}'`,
    ],
  },
  { breaks: ['changes'], sql: ['UPDATE alert_sequence SET last = last + 1'] },
  {
    // A number that was given twice.
    breaks: ['changes', 'life'],
    sql: [
      `INSERT INTO alert_event (sequence, alert_id, change, at, by, severity, state, title, detail, opened_at)
      SELECT 1, alert_id, change, at, by, severity, state, title, detail, opened_at FROM alert_event WHERE sequence = 3`,
    ],
  },
  {
    // One that is missing.
    breaks: ['changes', 'standing'],
    sql: ['UPDATE alert_event SET sequence = 99 WHERE sequence = 4'],
  },
  { breaks: ['standing'], sql: [`UPDATE alert SET severity = 'INFO' WHERE subject = 'dp_1'`] },
  {
    breaks: ['standing'],
    sql: [`UPDATE alert SET state = 'OPEN', acknowledged_at = NULL WHERE subject = 'dp_2'`],
  },
  { breaks: ['life'], sql: [`UPDATE alert_event SET change = 'REOPENED' WHERE change = 'WORSENED'`] },
  {
    breaks: ['life', 'standing'],
    sql: [`UPDATE alert_event SET severity = 'WARNING' WHERE change = 'WORSENED'`],
  },
  { breaks: ['told'], sql: [`UPDATE alert_delivery SET sequences = sequences[2:] WHERE reason = 'CHANGES'`] },
  {
    breaks: ['told'],
    sql: [
      `INSERT INTO alert_delivery (id, channel_id, reason, sequences, critical, state, due_at, created_at)
      SELECT '${newId()}', channel_id, reason, sequences, critical, 'WAITING', due_at, created_at
      FROM alert_delivery WHERE reason = 'CHANGES' LIMIT 1`,
    ],
  },
  { breaks: ['escalated'], sql: ['DELETE FROM alert_escalation'] },
  { breaks: ['escalated'], sql: [`DELETE FROM alert_delivery WHERE reason = 'ESCALATION'`] },
  {
    breaks: ['messages'],
    sql: [`UPDATE alert_delivery SET state = 'DELIVERED' WHERE reason = 'ESCALATION'`],
  },
  { breaks: ['messages'], sql: [`UPDATE alert_delivery SET sequences = '{99}' WHERE reason = 'TEST'`] },
  { breaks: ['references'], sql: ['DELETE FROM alert_channel'] },
];

/** Constraints that would refuse a corruption; the audit is there for the day on which one is missing. */
const CONSTRAINTS: Record<string, readonly string[]> = {
  account: ['account_totals'],
  '"grant"': ['grant_parts'],
  reservation: ['reservation_cost', 'reservation_credits'],
  budget_window: ['budget_window_parts', 'budget_window_limit'],
  imported_call: ['imported_call_parts'],
  cost_adjustment: ['cost_adjustment_parts'],
  alert: ['alert_state_times'],
  alert_event: ['alert_event_pkey'],
};

/** Alerts in every state, of which a channel is told and another one later. */
async function tellAlerts({ database, clock }: World): Promise<void> {
  const alerts = createAlerts({
    database,
    clock,
    log: silentLog,
    // Nobody listens, and nobody sends.
    live: { publish() {}, announce() {} } as unknown as Live,
    queue: { async put() {}, async putAll() {}, async hurry() {} } as unknown as Queue,
    allowPrivateHosts: true,
    smtp: undefined,
  });
  const channel = async (name: string, more: ChannelInput = {}) => {
    const input = { name, target: 'http://127.0.0.1:9/nobody', ...more };
    const saved = await alerts.deliveries.createChannel('WEBHOOK', input, 'admin:test');
    if (saved.status !== 'saved') throw new Error(JSON.stringify(saved));
    return saved.channel.id;
  };
  const later = await channel('later', { escalationsOnly: true });
  const first = await channel('first', { escalateAfterMinutes: 5, escalateToId: later });
  clock.advance(120_000);
  const raise = async (subject: string, severity: 'WARNING' | 'CRITICAL') => {
    await alerts.raise({
      kind: 'RESERVATION_ORPHANED',
      subject,
      severity,
      title: 'A call',
      detail: 'It is lost.',
    });
    return (await alerts.changesAfter(0, 100)).at(-1)?.alert.id ?? '';
  };
  await raise('dp_1', 'WARNING');
  await raise('dp_1', 'CRITICAL');
  await alerts.acknowledge(await raise('dp_2', 'WARNING'), null, 'admin:test');
  await raise('dp_3', 'WARNING');
  await alerts.settle({ kind: 'RESERVATION_ORPHANED', subject: 'dp_3' });
  await raise('dp_3', 'CRITICAL');
  clock.advance(600_000);
  await alerts.deliveries.sweep();
  await alerts.deliveries.test(first);
  await alerts.stop();
}

class RolledBack extends Error {}

describeOnEachDatabase('the audit', (kind) => {
  let world: World;
  const ids: Record<string, string> = {};
  beforeAll(async () => {
    world = await openWorld({ kind });
    await world.setBudget({ limitMicros: 10n * CEILING_MICROS });
    const account = await world.account({ credits: 20, unitRevenueMicros: 10_000n, country: 'DE' });
    await world.grant(account, 3, { source: 'PURCHASE', revenueMicros: 1_000_000n });
    await world.grant(account, 2, {
      source: 'PRIZE',
      expiresAt: new Date(world.clock.now().getTime() + 1_000),
    });
    const other = await world.account({ credits: 4 });
    await world.post(await world.reserve(other, { credits: 4 }), { credits: 4 });
    const posted = await world.reserve(account, { credits: 6 });
    const output = { id: newId(), position: 0, sha256: 'ab', contentType: 'image/png', bytes: 1 };
    await world.post(posted, {
      credits: 5,
      outputs: [{ ...output, width: null, height: null, durationSeconds: null }],
    });
    const voided = await world.reserve(account);
    await world.void(voided, { outcome: 'FAILED_BILLED', costMicros: 12_345n });
    const expired = await world.reserve(account);
    await world.expire(expired, { outcome: 'UNKNOWN', costMicros: CEILING_MICROS });
    const pending = await world.reserve(account);
    const bonus = await world.grant(account, 3);
    if (bonus.status !== 'granted') throw new Error(bonus.status);
    await world.ledger.revoke({
      grantId: bonus.grantId,
      namespace: 'api',
      key: 'revocation',
      inputHash: 'h',
      credits: 2,
      reason: 'For a test',
      actor: 'admin:test',
    });
    await world.rows(`INSERT INTO setting (key, value) VALUES ('price-list', 'dtf')`);
    await world.rows('INSERT INTO referral (account_id, referrer_id, created_at) VALUES ($1, $2, $3)', [
      other,
      account,
      world.clock.now(),
    ]);
    await world.rows('SELECT rewards_first_payment($1, $2)', [world.clock.now(), other]);
    await world.rows(
      `SELECT wheel_spin($1, $2, $3, 'api', 'spin', 'h', $4::date, '', 1, 2, 'luma/dream-machine', 7, 120000, 1000000, NULL, 'key:test')`,
      [world.clock.now(), newId(), account, '2026-11-20'],
    );
    const payment = await bookPayments(world, await world.account());
    world.clock.advance(2_000);
    await world.grant(account, 1, { source: 'PRIZE', expiresAt: new Date(world.clock.now().getTime() - 1) });
    await world.ledger.expireGrants();
    const old = row('old', {
      account_external_id: `user-${account}`,
      credits: '0',
      created_at: '2026-10-01T00:00:00Z',
    });
    await importText(world.database, csv(old));
    const reconciliation = createReconciliation({ database: world.database, clock: world.clock });
    const bill = 'date,model,amount\n2026-10-01,dall-e-3-hd,0.09\n';
    const compared = await reconciliation.compare({ provider: 'openai', bytes: stream(bill) });
    if (compared.status !== 'compared') throw new Error(compared.message);
    await reconciliation.book(compared.comparison, 'For a test', 'key:test');
    await tellAlerts(world);
    Object.assign(ids, { account, posted, voided, pending, payment });
  });
  afterAll(() => world.close());

  /** Names of the lines that fail once a database is corrupted so. The corruption is taken back. */
  async function broken(sql: readonly string[]): Promise<{ names: string[]; findings: string[] }> {
    const names: string[] = [];
    const findings: string[] = [];
    const work = async (within: Sql) => {
      // Neither triggers nor constraints stand in the way of a defect that has no name yet.
      await within.query(`SET LOCAL session_replication_role = 'replica'`);
      for (const [table, constraints] of Object.entries(CONSTRAINTS)) {
        for (const name of constraints) await within.query(`ALTER TABLE ${table} DROP CONSTRAINT ${name}`);
      }
      for (const text of sql) {
        await within.query(
          text.replaceAll(
            /:(account|posted|voided|pending|payment)\b/g,
            (_, name: string) => `'${ids[name]}'`,
          ),
        );
      }
      const lines = await auditWithin(within);
      for (const name of Object.keys(NAMES)) {
        const line = lines.find((each) => each.invariant === sentenceOf(name));
        if (line?.ok) continue;
        names.push(name);
        findings.push(...(line?.findings ?? []));
      }
      throw new RolledBack();
    };
    await world.database.transaction(work).catch((error: unknown) => {
      if (!(error instanceof RolledBack)) throw error;
    });
    return { names, findings };
  }

  it('holds on books that nobody has touched, looks at all of them, and has a name for every invariant', async () => {
    const lines = await world.audit();
    expect(lines.filter((line) => !line.ok)).toEqual([]);
    expect(lines.filter((line) => line.checked === 0)).toEqual([]);
    expect(Object.keys(NAMES).map(sentenceOf).sort()).toEqual(lines.map((line) => line.invariant).sort());
    expect(new Set(CORRUPTIONS.flatMap((corruption) => corruption.breaks))).toEqual(
      new Set(Object.keys(NAMES)),
    );
  });

  if (kind === longTablesOn) {
    it('finds each corruption, says which rows it is about, and breaks no other line', async () => {
      for (const { breaks, sql } of CORRUPTIONS) {
        const found = await broken(sql);
        expect({ sql, breaks: found.names.sort() }).toEqual({ sql, breaks: [...breaks].sort() });
        expect(found.findings.length).toBeGreaterThanOrEqual(breaks.length);
        for (const finding of found.findings)
          expect(finding).toMatch(/[0-9a-f-]{36}|window \d+|wheel day \d+|_summary [A-Z0-9]/);
      }
      await world.expectSound();
    }, 120_000);
  }

  it('tells how many rows break a line and shows ten of them', async () => {
    for (let times = 0; times < 12; times += 1) await world.account({ credits: 1 });
    let line: Awaited<ReturnType<typeof runAudit>>[number] | undefined;
    await world.database
      .transaction(async (within) => {
        await within.query('ALTER TABLE account DROP CONSTRAINT account_totals');
        await within.query('UPDATE account SET entry_sequence = entry_sequence + 1');
        line = (await auditWithin(within)).find((each) => each.invariant === sentenceOf('numbered'));
        throw new RolledBack();
      })
      .catch(() => {});
    expect(line).toMatchObject({ ok: false, checked: 15, broken: 15 });
    expect(line?.findings).toHaveLength(10);
  });

  it('sees one instant, so that it holds beside live traffic', async () => {
    const account = await world.account({ credits: 10_000 });
    let stop = false;
    const traffic = Array.from({ length: 8 }, async () => {
      while (!stop) {
        const status = await world.tryReserve(account, { ceilingMicros: 1n });
        if (status.status !== 'reserved') throw new Error(JSON.stringify(status));
        await world.grant(account, 1);
      }
    });
    const audits = [];
    for (let times = 0; times < 5; times += 1) {
      audits.push(await runAudit(world.database));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    stop = true;
    await Promise.all(traffic);
    expect(audits.flat().filter((line) => !line.ok)).toEqual([]);
    // There was traffic indeed.
    const checked = audits.map((lines) => lines[0]?.checked);
    expect(checked.every((count) => count === checked[0])).toBe(true);
    expect(audits.at(-1)?.[2]?.checked).toBeGreaterThan(audits[0]?.[2]?.checked ?? 0);
    await world.expectSound();
  });

  it('changes nothing: it runs in a transaction that may only read', async () => {
    const before = await world.rows('SELECT * FROM account ORDER BY id');
    await world.audit();
    expect(await world.rows('SELECT * FROM account ORDER BY id')).toEqual(before);
    await expect(
      world.database.transaction(async (sql) => {
        await sql.query('SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY');
        await sql.query('UPDATE account SET posted = 0');
      }),
    ).rejects.toThrow('read-only transaction');
  });
});
