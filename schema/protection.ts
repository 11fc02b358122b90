/** Budgets, and the state that says whether paid calls may go out. */
import type {
  Budget as BudgetRecord,
  Protection as State,
  BudgetUsage as Usage,
} from '../server/protection/index.ts';
import { OPERATIONS } from '../server/providers/index.ts';
import { builder, needs } from './builder.ts';
import type { Context } from './context.ts';
import { readDollars } from './decimal.ts';
import { BudgetScope, type Tier } from './enums.ts';
import { invalidArgument, unauthenticated } from './errors.ts';
import { decodeId, encodeId } from './node-ids.ts';
import { type FieldProblem, InvalidInputError, invalidInput, resolveOutcome } from './outcome.ts';
import { reasonProblem } from './reason.ts';
import { Money } from './scalars.ts';
import { PACE, present } from './subscribe.ts';

const ProtectionState = builder.enumType('ProtectionState', {
  description: 'Whether paid calls may go out.',
  values: {
    NORMAL: { description: 'They may, as far as each budget that blocks allows.' },
    WARNING: { description: 'They may; a budget that warns is passed.' },
    SHUTDOWN: { description: 'They may not; those under way settle, and free reads go on.' },
  } as const,
});

const BudgetPeriod = builder.enumType('BudgetPeriod', {
  description: 'How long a window is; hours, days and months of UTC.',
  values: ['HOUR', 'DAY', 'MONTH'] as const,
});

const BudgetAction = builder.enumType('BudgetAction', {
  description: 'What happens when a call would pass the limit.',
  values: {
    WARN: { description: 'It goes out; protection is in WARNING until the window ends.' },
    BLOCK: { description: 'It is refused; others that still fit are not.' },
    SHUTDOWN: { description: 'It is refused, and all paid calls with it, until the window ends.' },
  } as const,
});

const BudgetUsage = builder.objectRef<Usage>('BudgetUsage').implement({
  description: 'spent + reserved never exceeds the limit of a budget that blocks.',
  fields: (t) => ({
    limit: t.field({ type: Money, description: 'The most.', resolve: (usage) => usage.limitMicros }),
    spent: t.field({
      type: Money,
      description: 'What attempts of this window cost.',
      resolve: (usage) => usage.spentMicros,
    }),
    reserved: t.field({
      type: Money,
      description: 'What calls under way may cost at the most.',
      resolve: (usage) => usage.reservedMicros,
    }),
    resetsAt: t.expose('resetsAt', { type: 'DateTime', description: 'When the next window begins.' }),
  }),
});

export const Budget = builder.objectRef<BudgetRecord>('Budget');

builder.node(Budget, {
  description: 'A limit on what providers may bill in an hour, a day or a month.',
  id: { resolve: (budget) => budget.id },
  authScopes: { scope: 'profit:read' },
  loadOne: (id, context) => context.core.protection.budget(id),
  fields: (t) => ({
    scope: t.expose('scope', { type: BudgetScope, description: 'Whose calls it counts.' }),
    subject: t.string({
      nullable: true,
      description: 'A provider, operation, tier or account id; null for GLOBAL.',
      resolve: (budget) =>
        budget.scope === 'ACCOUNT' && budget.subject ? encodeId('Account', budget.subject) : budget.subject,
    }),
    subjectName: t.string({
      nullable: true,
      description: 'The subject, for people: of an account your own id of it, else the subject as it is.',
      resolve: async ({ scope, subject }, _args, context) =>
        scope === 'ACCOUNT' && subject
          ? ((await context.loaders.account(subject))?.externalId ?? subject)
          : subject,
    }),
    period: t.expose('period', { type: BudgetPeriod, description: 'How long a window is.' }),
    limit: t.field({ type: Money, description: 'The most.', resolve: (budget) => budget.limitMicros }),
    action: t.expose('action', { type: BudgetAction, description: 'What happens at the limit.' }),
    usage: t.field({
      type: BudgetUsage,
      description: 'Its present window.',
      resolve: (budget) => budget.usage,
    }),
  }),
});

export const Protection = builder.objectRef<State>('Protection').implement({
  description: 'Whether paid calls may go out, since when and why.',
  fields: (t) => ({
    state: t.expose('state', { type: ProtectionState, description: 'What holds now.' }),
    reason: t.exposeString('reason', { nullable: true, description: 'Why; null when all is normal.' }),
    since: t.expose('since', { type: 'DateTime', description: 'From when.' }),
    changedBy: t.exposeString('changedBy', { description: 'Who changed it last: a budget, or an admin.' }),
    changedByName: t.string({
      description: "Who changed it last, for people: an admin's e-mail, a key's name, or the actor as it is.",
      resolve: ({ changedBy }, _args, context) => context.loaders.actorName(changedBy),
    }),
    resetsAt: t.expose('resetsAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it ends by itself; null when it does not.',
    }),
    hour: t.field({ type: BudgetUsage, description: 'The global hour.', resolve: (state) => state.hour }),
    day: t.field({ type: BudgetUsage, description: 'The global day.', resolve: (state) => state.day }),
    marginToday: t.exposeFloat('marginToday', {
      nullable: true,
      description: 'Gross margin of the current day; null before the first revenue.',
    }),
  }),
});

builder.queryFields((t) => ({
  protection: t.field({
    type: Protection,
    ...needs('profit:read', 'Whether paid calls may go out, and how full the global budgets are.'),
    resolve: (_root, _args, context) => context.core.protection.read(),
  }),
  budgets: t.field({
    type: [Budget],
    ...needs('profit:read', 'Every budget with its present window.'),
    resolve: (_root, _args, context) => context.core.protection.budgets(),
  }),
}));

const isSameUsage = (one: Usage, other: Usage) =>
  one.limitMicros === other.limitMicros &&
  one.spentMicros === other.spentMicros &&
  one.reservedMicros === other.reservedMicros &&
  one.resetsAt.getTime() === other.resetsAt.getTime();

builder.subscriptionField('protection', (t) =>
  t.field({
    type: Protection,
    ...needs(
      'profit:read',
      'Whether paid calls may go out and how full the global budgets are: now, and after each change.',
    ),
    subscribe: async (_root, _args, context) => {
      const { live, protection } = context.core;
      const changes = live.listen('books', '', PACE);
      try {
        return present<State>(context, {
          first: await protection.read(),
          changes,
          read: () => protection.read(),
          isSame: (one, other) =>
            one.state === other.state &&
            one.reason === other.reason &&
            one.since.getTime() === other.since.getTime() &&
            one.changedBy === other.changedBy &&
            one.resetsAt?.getTime() === other.resetsAt?.getTime() &&
            one.marginToday === other.marginToday &&
            isSameUsage(one.hour, other.hour) &&
            isSameUsage(one.day, other.day),
          isLast: () => false,
        });
      } catch (error) {
        await changes.return();
        throw error;
      }
    },
    resolve: (state: State) => state,
  }),
);

const SetBudgetInput = builder.inputType('SetBudgetInput', {
  description: 'A budget; one that stands for the same scope, subject and period is replaced.',
  fields: (t) => ({
    scope: t.field({ type: BudgetScope, required: true, description: 'Whose calls it counts.' }),
    subject: t.string({ description: 'A provider, operation, tier or account id; left out for GLOBAL.' }),
    period: t.field({ type: BudgetPeriod, required: true, description: 'How long a window is.' }),
    limit: t.field({ type: 'Decimal', required: true, description: 'The most, in dollars: "500".' }),
    action: t.field({ type: BudgetAction, required: true, description: 'What happens at the limit.' }),
  }),
});

const SetBudgetResult = builder.unionType('SetBudgetResult', {
  types: [Budget, InvalidInputError],
  resolveType: resolveOutcome('Budget'),
});

/** The subject as the ledger compares it, or what is wrong with it. */
async function readSubject(
  context: Context,
  scope: (typeof BudgetScope)['$inferType'],
  subject: string | null,
): Promise<{ subject: string | null } | FieldProblem> {
  const path = 'subject';
  if (scope === 'GLOBAL') {
    return subject === null
      ? { subject }
      : { path, message: 'A GLOBAL budget has no subject; leave it out.' };
  }
  if (subject === null || subject === '') {
    return { path, message: `Say which ${scope.toLowerCase()} it is for.` };
  }
  const oneOf = (known: readonly string[]) =>
    known.includes(subject)
      ? { subject }
      : {
          path,
          message: `There is no ${scope.toLowerCase()} "${subject.slice(0, 60)}"; there are ${known.join(', ')}.`,
        };
  switch (scope) {
    case 'PROVIDER':
      return oneOf([...new Set(context.core.catalog.models().map((card) => card.provider))].sort());
    case 'OPERATION':
      return oneOf(OPERATIONS);
    case 'TIER':
      return oneOf([
        'FREE',
        'PAYG',
        'BASIC',
        'STARTER',
        'CREATOR',
        'PRO',
      ] satisfies (typeof Tier)['$inferType'][]);
    case 'ACCOUNT': {
      const id = decodeId('Account', subject);
      return id && (await context.core.accounts.exists(id))
        ? { subject: id }
        : { path, message: `There is no account ${subject.slice(0, 60)}.` };
    }
  }
}

function readReason(reason: string): string {
  const problem = reasonProblem(reason);
  if (problem) throw invalidArgument(problem.path, problem.message);
  return reason.trim();
}

const MAX_LIMIT_MICROS = 1_000_000_000_000_000n;

builder.mutationFields((t) => ({
  setBudget: t.field({
    type: SetBudgetResult,
    ...needs(
      'protection:write',
      'Set the budget of a scope, subject and period. What is spent and reserved in its present window counts at once.',
    ),
    args: { input: t.arg({ type: SetBudgetInput, required: true }) },
    resolve: async (_root, { input }, context) => {
      if (!context.caller) throw unauthenticated();
      const fields: FieldProblem[] = [];
      const limit = readDollars(
        'limit',
        input.limit,
        MAX_LIMIT_MICROS,
        'Give dollars from "0" to "1000000000".',
      );
      if ('problem' in limit) fields.push(limit.problem);
      const subject = await readSubject(context, input.scope, input.subject ?? null);
      if ('path' in subject) fields.push(subject);
      if ('problem' in limit || 'path' in subject) return invalidInput(fields);
      return context.core.protection.setBudget(
        {
          scope: input.scope,
          subject: subject.subject,
          period: input.period,
          limitMicros: limit.micros,
          action: input.action,
        },
        context.caller.actor,
      );
    },
  }),
  suspendService: t.field({
    type: Protection,
    ...needs('protection:write', 'Stop every paid call now. Those under way settle.'),
    args: { reason: t.arg.string({ required: true, description: 'Why; callers and the audit log see it.' }) },
    resolve: (_root, args, context) => {
      if (!context.caller) throw unauthenticated();
      return context.core.protection.suspend(readReason(args.reason), context.caller.actor);
    },
  }),
  resumeService: t.field({
    type: Protection,
    ...needs(
      'protection:write',
      'Leave the shutdown. A budget that is still used up shuts down again at the next call: raise it first.',
    ),
    args: { reason: t.arg.string({ required: true, description: 'Why; it is written to the audit log.' }) },
    resolve: (_root, args, context) => {
      if (!context.caller) throw unauthenticated();
      return context.core.protection.resume(readReason(args.reason), context.caller.actor);
    },
  }),
}));
