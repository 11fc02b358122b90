/** Money in and back: checkouts, subscriptions, payments, and what Stripe has told. */
import type { Checkout as CheckoutRecord, EventOutcome, Refusal } from '../server/billing/index.ts';
import { Account, actingFor, maySee, noAccount } from './account.ts';
import { builder, needs } from './builder.ts';
import { readDollars } from './decimal.ts';
import { PlanInterval } from './enums.ts';
import { invalidArgument, notFound, unauthenticated } from './errors.ts';
import { decodeId, encodeId, idHint } from './node-ids.ts';
import { PACK_NAME, PLAN_NAME } from './offer-name.ts';
import {
  IdempotencyConflictError,
  InvalidInputError,
  idempotencyConflict,
  invalidInput,
  NotFoundError,
  notFoundOutcome,
  ProviderUnavailableError,
  resolveOutcome,
} from './outcome.ts';
import { reasonProblem } from './reason.ts';
import { Money } from './scalars.ts';

const PaymentKind = builder.enumType('PaymentKind', {
  description: 'What was paid for.',
  values: {
    PLAN: { description: 'A period of a plan, or the difference to a dearer one.' },
    PACK: { description: 'A pack.' },
    TOP_UP: { description: 'A pack, charged to the saved card by automatic top-up.' },
  } as const,
});

const AccountSubscription = builder
  .objectRef<{
    id: string;
    planId: string;
    interval: string;
    status: string;
    priceMicros: bigint;
    startedAt: Date;
    currentPeriodEnd: Date;
    cancelAtPeriodEnd: boolean;
    endedAt: Date | null;
  }>('AccountSubscription')
  .implement({
    description: 'A plan that an account subscribes to, as Stripe last said.',
    fields: (t) => ({
      id: t.id({ description: "Stripe's id of it.", resolve: ({ id }) => id }),
      plan: t.exposeString('planId', { description: 'Such as tokens-pro.' }),
      planName: t.string({
        description: PLAN_NAME,
        resolve: ({ planId }, _args, { loaders }) => loaders.planName(planId),
      }),
      interval: t.field({
        type: PlanInterval,
        description: 'How often it is paid.',
        resolve: ({ interval }) => (interval === 'YEAR' ? 'YEAR' : 'MONTH'),
      }),
      status: t.exposeString('status', { description: "Stripe's word: active, past_due, canceled, …" }),
      price: t.field({ type: Money, description: 'For one interval.', resolve: (row) => row.priceMicros }),
      startedAt: t.expose('startedAt', { type: 'DateTime', description: 'When it began.' }),
      currentPeriodEnd: t.expose('currentPeriodEnd', {
        type: 'DateTime',
        description: 'When it is paid next, or ends.',
      }),
      cancelAtPeriodEnd: t.exposeBoolean('cancelAtPeriodEnd', {
        description: 'Whether it ends with its period.',
      }),
      endedAt: t.expose('endedAt', { type: 'DateTime', nullable: true, description: 'When it ended.' }),
    }),
  });

const Payment = builder.prismaNode('Payment', {
  nullable: true,
  id: { field: 'id' },
  description: 'Money that arrived, with the credits that it bought.',
  authScopes: (payment, context) => maySee(context, payment.accountId),
  fields: (t) => ({
    kind: t.expose('kind', { type: PaymentKind, description: 'What was paid for.' }),
    account: t.relation('account', { description: 'Who paid.' }),
    amount: t.field({ type: Money, description: 'Without tax.', resolve: (row) => row.amountMicros }),
    tax: t.field({ type: Money, description: 'Collected with it.', resolve: (row) => row.taxMicros }),
    plan: t.exposeString('planId', { nullable: true, description: 'Such as tokens-pro.' }),
    planName: t.string({
      nullable: true,
      description: PLAN_NAME,
      resolve: ({ planId }, _args, { loaders }) => (planId === null ? null : loaders.planName(planId)),
    }),
    pack: t.exposeString('packId', { nullable: true, description: 'Such as tokens-100.' }),
    packName: t.string({
      nullable: true,
      description: PACK_NAME,
      resolve: ({ packId }, _args, { loaders }) => (packId === null ? null : loaders.packName(packId)),
    }),
    credits: t.exposeInt('credits', {
      description: 'All that it bought; those of an annual plan come month by month.',
    }),
    grant: t.prismaField({
      type: 'Grant',
      nullable: true,
      description: 'Its credits; of an annual plan those of the first month.',
      resolve: (query, row, _args, context) =>
        context.core.database.prisma.grant.findUnique({ ...query, where: { id: row.grantId } }),
    }),
    paidAt: t.expose('paidAt', { type: 'DateTime', description: 'When it was paid.' }),
    refunded: t.field({
      type: Money,
      description: 'What has gone back by refunds, tax included.',
      resolve: (row) => row.refundedMicros,
    }),
    disputed: t.field({
      type: Money,
      description: 'What has gone back by lost disputes, tax included.',
      resolve: (row) => row.disputedMicros,
    }),
    creditsTaken: t.exposeInt('creditsTaken', {
      description: 'Credits that went with the money; what had been used of them could not.',
    }),
    lost: t.field({
      type: Money,
      ...needs(
        'profit:read',
        'Of the money that went back, what its credits had earned already or left as breakage: a loss.',
      ),
      resolve: (row) => {
        const gross = row.amountMicros + row.taxMicros;
        const back = row.refundedMicros + row.disputedMicros;
        const net = gross === 0n ? 0n : ((back > gross ? gross : back) * row.amountMicros) / gross;
        return net > row.takenMicros ? net - row.takenMicros : 0n;
      },
    }),
  }),
});

builder.prismaObjectFields('Account', (t) => ({
  subscription: t.field({
    type: AccountSubscription,
    nullable: true,
    description: 'The plan that it subscribes to, or the last one that it did; null when it never had one.',
    resolve: (account, _args, context) =>
      context.core.database.prisma.subscription.findFirst({
        where: { accountId: account.id },
        orderBy: [{ endedAt: { sort: 'desc', nulls: 'first' } }, { startedAt: 'desc' }],
      }),
  }),
  payments: t.relatedConnection('payments', {
    cursor: 'id',
    description: 'What it has paid, the newest first.',
    query: { orderBy: { id: 'desc' } },
  }),
}));

const StripeEventState = builder.enumType('StripeEventState', {
  description: 'What has become of an event of Stripe’s.',
  values: {
    DONE: { description: 'What follows from it is booked, or nothing does.' },
    KEPT: { description: 'It is not understood, or names what is not there: somebody has to look.' },
  } as const,
});

builder.prismaNode('StripeEvent', {
  nullable: true,
  id: { field: 'id' },
  description: 'Something that Stripe told, once by its id.',
  authScopes: { scope: 'profit:read' },
  fields: (t) => ({
    stripeId: t.exposeString('id', { description: 'As Stripe shows it.' }),
    type: t.exposeString('type', { description: 'Such as invoice.paid.' }),
    apiVersion: t.exposeString('apiVersion', {
      nullable: true,
      description: 'The version in whose shapes it was written.',
    }),
    state: t.expose('state', { type: StripeEventState, description: 'What has become of it.' }),
    reason: t.exposeString('reason', { nullable: true, description: 'Why it is kept.' }),
    payload: t.field({
      type: 'JSON',
      nullable: true,
      description: 'The event itself, while it is kept.',
      resolve: (event) => event.payload,
    }),
    createdAt: t.expose('createdAt', {
      type: 'DateTime',
      description: 'When it happened, by Stripe’s clock.',
    }),
    receivedAt: t.expose('receivedAt', { type: 'DateTime', description: 'When it first came.' }),
  }),
});

builder.queryFields((t) => ({
  payments: t.prismaConnection({
    type: 'Payment',
    cursor: 'id',
    ...needs('profit:read', 'All payments, the newest first.'),
    resolve: (query, _root, _args, context) =>
      context.core.database.prisma.payment.findMany({ ...query, orderBy: { id: 'desc' } }),
  }),
  stripeEvents: t.prismaConnection({
    type: 'StripeEvent',
    cursor: 'id',
    ...needs(
      'profit:read',
      'What Stripe has told, the newest first. `state: KEPT` are those to be looked at.',
    ),
    args: {
      state: t.arg({ type: StripeEventState, required: false, description: 'Only those in this state.' }),
    },
    resolve: (query, _root, { state }, context) =>
      context.core.database.prisma.stripeEvent.findMany({
        ...query,
        orderBy: [{ receivedAt: 'desc' }, { id: 'desc' }],
        ...(state ? { where: { state } } : {}),
      }),
  }),
}));

// ------------------------------------------------------------------------------------------------ outcomes

/** Whatever kept a request from being done, as an outcome. */
function refused(refusal: Refusal, key: string) {
  switch (refusal.status) {
    case 'invalid':
      return invalidInput(refusal.fields);
    case 'not-found':
      return notFoundOutcome(refusal.message);
    case 'conflict':
      return idempotencyConflict(key);
    case 'unavailable':
      return {
        code: 'PROVIDER_UNAVAILABLE' as const,
        message: `${refusal.message} Try again with the same key.`,
        creditsReturned: 0,
        retryAfterSeconds: refusal.retryAfterSeconds,
      };
  }
}

const ERRORS = [
  InvalidInputError,
  IdempotencyConflictError,
  NotFoundError,
  ProviderUnavailableError,
] as const;

const Checkout = builder.objectRef<CheckoutRecord>('Checkout').implement({
  description: 'A page at which the buyer pays. The credits come once Stripe says that the money is there.',
  fields: (t) => ({
    id: t.id({ description: 'Of this checkout.', resolve: ({ id }) => encodeId('Checkout', id) }),
    url: t.exposeString('url', { description: 'Send the buyer there.' }),
    expiresAt: t.expose('expiresAt', { type: 'DateTime', description: 'Until when it can be paid.' }),
  }),
});

const BillingPortal = builder.objectRef<{ url: string }>('BillingPortal').implement({
  description: 'A page at which a buyer looks after cards, invoices and the subscription.',
  fields: (t) => ({
    url: t.exposeString('url', { description: 'Send the buyer there; it is good for minutes.' }),
  }),
});

const CreateCheckoutResult = builder.unionType('CreateCheckoutResult', {
  description: 'A page to pay at, or why there is none.',
  types: [Checkout, ...ERRORS],
  resolveType: resolveOutcome('Checkout'),
});
const BillingPortalResult = builder.unionType('BillingPortalResult', {
  description: 'A page, or why there is none.',
  types: [BillingPortal, ...ERRORS],
  resolveType: resolveOutcome('BillingPortal'),
});
const ChangeSubscriptionResult = builder.unionType('ChangeSubscriptionResult', {
  description: 'The subscription as it then is, or why it stays as it was.',
  types: [AccountSubscription, ...ERRORS],
  resolveType: resolveOutcome('AccountSubscription'),
});
const RefundPaymentResult = builder.unionType('RefundPaymentResult', {
  description: 'The payment as it then is, or why nothing went back.',
  types: [Payment, ...ERRORS],
  resolveType: resolveOutcome('Payment'),
});

// ----------------------------------------------------------------------------------------------- mutations

const KEY = 'Unique for this request: a repetition gives the first result again.';
const ACCOUNT = 'Who it is for; a token of an account acts for itself.';

const CreateCheckoutInput = builder.inputType('CreateCheckoutInput', {
  description: 'A pack or a plan to be bought: name one of them.',
  fields: (t) => ({
    idempotencyKey: t.field({ type: 'IdempotencyKey', required: true, description: KEY }),
    accountId: t.id({ description: ACCOUNT }),
    plan: t.string({ description: 'A plan’s id, or its name in the active price list.' }),
    interval: t.field({
      type: PlanInterval,
      defaultValue: 'MONTH',
      description: 'How often the plan is paid.',
    }),
    pack: t.string({ description: 'A pack’s id, or its name in the active price list.' }),
    successUrl: t.string({ required: true, description: 'Where the buyer goes who has paid.' }),
    cancelUrl: t.string({ required: true, description: 'Where the buyer goes who has not.' }),
    savePaymentMethod: t.boolean({
      defaultValue: false,
      description:
        'Whether the card of a pack may be charged again without the buyer: automatic top-up needs it.',
    }),
  }),
});

const CreateBillingPortalInput = builder.inputType('CreateBillingPortalInput', {
  description: 'A page at which a buyer looks after cards, invoices and the subscription.',
  fields: (t) => ({
    accountId: t.id({ description: ACCOUNT }),
    returnUrl: t.string({ required: true, description: 'Where the buyer goes after.' }),
  }),
});

const ChangePlanInput = builder.inputType('ChangePlanInput', {
  description: 'Another plan for an account that has one.',
  fields: (t) => ({
    idempotencyKey: t.field({ type: 'IdempotencyKey', required: true, description: KEY }),
    accountId: t.id({ description: ACCOUNT }),
    plan: t.string({ required: true, description: 'A plan’s id, or its name in the active price list.' }),
    interval: t.field({ type: PlanInterval, defaultValue: 'MONTH', description: 'How often it is paid.' }),
  }),
});

const CancelWhen = builder.enumType('CancelWhen', {
  description: 'When a subscription ends.',
  values: {
    PERIOD_END: { description: 'With the period that has been paid.' },
    NOW: { description: 'At once. Nothing is paid back; credits that have come stay until they expire.' },
    NEVER: { description: 'Not after all: an end with the period is taken back.' },
  } as const,
});

const CancelSubscriptionInput = builder.inputType('CancelSubscriptionInput', {
  description: 'An end of a subscription.',
  fields: (t) => ({
    idempotencyKey: t.field({ type: 'IdempotencyKey', required: true, description: KEY }),
    accountId: t.id({ description: ACCOUNT }),
    when: t.field({ type: CancelWhen, defaultValue: 'PERIOD_END', description: 'When it ends.' }),
  }),
});

const RefundPaymentInput = builder.inputType('RefundPaymentInput', {
  description: 'Money of a payment to be sent back.',
  fields: (t) => ({
    idempotencyKey: t.field({ type: 'IdempotencyKey', required: true, description: KEY }),
    paymentId: t.id({ required: true, description: 'Which payment.' }),
    amount: t.field({
      type: 'Decimal',
      description: 'In dollars, tax included. Left out: all that has not gone back yet.',
    }),
    reason: t.string({ required: true, description: 'Why; it is written to the audit log.' }),
  }),
});

const ProcessedEvent = builder.objectRef<{ id: string; outcome: EventOutcome }>('ProcessedEvent').implement({
  description: 'What has become of an event that was taken once more.',
  fields: (t) => ({
    event: t.prismaField({
      type: 'StripeEvent',
      description: 'The event as it now is.',
      resolve: (query, { id }, _args, context) =>
        context.core.database.prisma.stripeEvent.findUniqueOrThrow({ ...query, where: { id } }),
    }),
    done: t.boolean({
      description: 'Whether what follows from it is booked now.',
      resolve: ({ outcome }) => outcome.status === 'done',
    }),
    reason: t.string({
      nullable: true,
      description: 'Why not.',
      resolve: ({ outcome }) => (outcome.status === 'done' ? null : outcome.reason),
    }),
  }),
});

const MAX_REFUND_MICROS = 1_000_000_000_000n;

builder.mutationFields((t) => ({
  createCheckout: t.field({
    type: CreateCheckoutResult,
    ...needs('generate', 'Open a page at which a pack or a plan is paid, once under its key.'),
    args: { input: t.arg({ type: CreateCheckoutInput, required: true }) },
    resolve: async (_root, { input }, context) => {
      if (!context.caller) throw unauthenticated();
      const accountId = actingFor(context, input.accountId);
      if (accountId === null) return noAccount(input.accountId);
      const opened = await context.core.billing.createCheckout({
        namespace: context.caller.namespace,
        key: input.idempotencyKey,
        accountId,
        plan: input.plan ?? null,
        interval: input.interval ?? 'MONTH',
        pack: input.pack ?? null,
        successUrl: input.successUrl,
        cancelUrl: input.cancelUrl,
        savePaymentMethod: input.savePaymentMethod ?? false,
      });
      return opened.status === 'opened' ? opened.checkout : refused(opened, input.idempotencyKey);
    },
  }),
  createBillingPortal: t.field({
    type: BillingPortalResult,
    ...needs('generate', 'Open the page at which a buyer looks after the subscription.'),
    args: { input: t.arg({ type: CreateBillingPortalInput, required: true }) },
    resolve: async (_root, { input }, context) => {
      const accountId = actingFor(context, input.accountId);
      if (accountId === null) return noAccount(input.accountId);
      const opened = await context.core.billing.openPortal(accountId, input.returnUrl);
      return opened.status === 'opened' ? { url: opened.url } : refused(opened, '');
    },
  }),
  changePlan: t.field({
    type: ChangeSubscriptionResult,
    ...needs(
      'generate',
      'Go over to another plan. A dearer one begins at once, and the difference is billed and brings credits; a cheaper one costs less from the next period on.',
    ),
    args: { input: t.arg({ type: ChangePlanInput, required: true }) },
    resolve: async (_root, { input }, context) => {
      if (!context.caller) throw unauthenticated();
      const accountId = actingFor(context, input.accountId);
      if (accountId === null) return noAccount(input.accountId);
      const changed = await context.core.billing.changePlan({
        namespace: context.caller.namespace,
        key: input.idempotencyKey,
        accountId,
        plan: input.plan,
        interval: input.interval ?? 'MONTH',
      });
      if (changed.status !== 'changed') return refused(changed, input.idempotencyKey);
      return context.core.database.prisma.subscription.findUniqueOrThrow({
        where: { id: changed.subscriptionId },
      });
    },
  }),
  cancelSubscription: t.field({
    type: ChangeSubscriptionResult,
    ...needs('generate', 'End a subscription, with its period or now.'),
    args: { input: t.arg({ type: CancelSubscriptionInput, required: true }) },
    resolve: async (_root, { input }, context) => {
      if (!context.caller) throw unauthenticated();
      const accountId = actingFor(context, input.accountId);
      if (accountId === null) return noAccount(input.accountId);
      const changed = await context.core.billing.cancelSubscription({
        namespace: context.caller.namespace,
        key: input.idempotencyKey,
        accountId,
        when: input.when ?? 'PERIOD_END',
      });
      if (changed.status !== 'changed') return refused(changed, input.idempotencyKey);
      return context.core.database.prisma.subscription.findUniqueOrThrow({
        where: { id: changed.subscriptionId },
      });
    },
  }),
  refundPayment: t.field({
    type: RefundPaymentResult,
    ...needs(
      'credits:write',
      'Send money of a payment back, through Stripe. What is left of its credits follows in proportion; what was used is a loss.',
    ),
    args: { input: t.arg({ type: RefundPaymentInput, required: true }) },
    resolve: async (_root, { input }, context) => {
      const { caller, core } = context;
      if (!caller) throw unauthenticated();
      const problem = reasonProblem(input.reason);
      if (problem) return invalidInput([problem]);
      const amount =
        input.amount == null
          ? { micros: null }
          : readDollars('amount', input.amount, MAX_REFUND_MICROS, 'Give dollars from "0.01" to "1000000".');
      if ('problem' in amount) return invalidInput([amount.problem]);
      const paymentId = decodeId('Payment', input.paymentId);
      if (!paymentId) {
        return notFoundOutcome(`There is no payment ${input.paymentId.slice(0, 60)}. ${idHint('Payment')}`);
      }
      const sent = await core.billing.refundPayment({
        namespace: caller.namespace,
        key: input.idempotencyKey,
        paymentId,
        amountMicros: amount.micros,
        reason: input.reason,
        actor: caller.actor,
      });
      if (sent.status !== 'refunded') return refused(sent, input.idempotencyKey);
      return core.database.prisma.payment.findUniqueOrThrow({ where: { id: paymentId } });
    },
  }),
  processStripeEvent: t.field({
    type: ProcessedEvent,
    ...needs(
      'credits:write',
      'Take an event that is kept once more, such as after an update that understands it.',
    ),
    args: { id: t.arg.id({ required: true, description: 'Of an event in the state KEPT.' }) },
    resolve: async (_root, args, context) => {
      const id = decodeId('StripeEvent', args.id);
      const outcome = id === null ? null : await context.core.billing.processEvent(id);
      if (id === null || !outcome) throw notFound(`No event ${args.id.slice(0, 60)} is kept.`);
      return { id, outcome };
    },
  }),
  setAccountBarred: t.field({
    type: Account,
    ...needs(
      'accounts:write',
      'Bar an account from paid calls, or lift that. A dispute that opens later bars it again, unless BAR_DISPUTED is off.',
    ),
    args: {
      accountId: t.arg.id({ required: true, description: 'Whom.' }),
      barred: t.arg.boolean({ required: true, description: 'Whether it may make no paid calls.' }),
      reason: t.arg.string({ required: true, description: 'Why; the account and the audit log see it.' }),
    },
    resolve: async (_root, args, context) => {
      const { caller, core } = context;
      if (!caller) throw unauthenticated();
      const problem = reasonProblem(args.reason);
      if (problem) throw invalidArgument(problem.path, problem.message);
      const id = decodeId('Account', args.accountId);
      const reason = args.reason.trim();
      if (!id || !(await core.billing.setBarred(id, args.barred ? reason : null, reason, caller.actor))) {
        throw notFound(`There is no account ${args.accountId.slice(0, 60)}. ${idHint('Account')}`);
      }
      return core.database.prisma.account.findUniqueOrThrow({ where: { id } });
    },
  }),
}));
