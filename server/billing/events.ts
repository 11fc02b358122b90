/**
 * What an event is about. It is only a reason to ask Stripe how things stand: nothing of it but an id is used, and that only
 * when its object has a shape that is understood.
 */
import type { z } from 'zod';
import {
  eventCharge,
  eventIntent,
  eventInvoice,
  eventMoneyBack,
  eventSession,
  eventShape,
  eventSubscription,
  invoicePaymentShape,
} from './shapes.ts';

/** What is to be looked at. */
export type Target =
  | { readonly kind: 'intent'; readonly id: string }
  | { readonly kind: 'charge'; readonly id: string }
  | { readonly kind: 'invoice'; readonly id: string }
  | { readonly kind: 'subscription'; readonly id: string }
  | { readonly kind: 'session'; readonly id: string }
  /** Nothing follows from it. */
  | { readonly kind: 'nothing' };

/** An event, as far as it is understood. */
export type EventRead =
  | {
      readonly id: string;
      readonly type: string;
      readonly apiVersion: string | null;
      readonly createdAt: Date;
      /** Null: it is kept, since `problem`. */
      readonly target: Target | null;
      readonly problem: string | null;
    }
  /** Not even an event. */
  | { readonly id: null; readonly problem: string };

/** What a webhook of Stripe's brings along and nothing of ours depends on. */
const WITHOUT_EFFECT =
  /^(account|balance|billing_portal|capability|coupon|credit_note|customer|file|invoiceitem|payment_method|payout|person|price|product|promotion_code|radar|reporting|review|setup_intent|tax|tax_rate|test_helpers|topup|transfer|entitlements|payment_link|billing)\./;

/** By the beginning of an event's type: how to read its object. The first that fits counts. */
const READERS: readonly (readonly [RegExp, (object: unknown) => Target | z.ZodError])[] = [
  [/^checkout\.session\./, readWith(eventSession, sessionTarget)],
  [/^invoice_payment\./, readWith(invoicePaymentShape, ({ invoice }) => ({ kind: 'invoice', id: invoice }))],
  // Before it is final an invoice has no payment, and some have no id yet.
  [
    /^invoice\.(created|upcoming|deleted|will_be_due|overdue|sent|updated|finalized)$/,
    () => ({ kind: 'nothing' }),
  ],
  [
    /^invoice\./,
    readWith(eventInvoice, ({ id, subscriptionId }) =>
      subscriptionId === null ? { kind: 'nothing' } : { kind: 'invoice', id },
    ),
  ],
  [/^customer\.subscription\./, readWith(eventSubscription, ({ id }) => ({ kind: 'subscription', id }))],
  [/^charge\.(dispute|refund)\./, readWith(eventMoneyBack, moneyBackTarget)],
  [/^refund\./, readWith(eventMoneyBack, moneyBackTarget)],
  [
    /^charge\./,
    readWith(eventCharge, ({ payment_intent: intent, invoice }) =>
      intent !== null ? { kind: 'intent', id: intent } : { kind: 'invoice', id: invoice ?? '' },
    ),
  ],
  [/^payment_intent\./, readWith(eventIntent, ({ id }) => ({ kind: 'intent', id }))],
];

function readWith<Shape extends z.ZodType>(shape: Shape, targetOf: (object: z.output<Shape>) => Target) {
  return (object: unknown): Target | z.ZodError => {
    const read = shape.safeParse(object);
    return read.success ? targetOf(read.data) : read.error;
  };
}

function sessionTarget(session: z.output<typeof eventSession>): Target {
  if (session.mode === 'setup') return { kind: 'nothing' };
  if (session.payment_intent !== null) return { kind: 'intent', id: session.payment_intent };
  if (session.subscription !== null) return { kind: 'subscription', id: session.subscription };
  return { kind: 'session', id: session.id };
}

function moneyBackTarget(object: z.output<typeof eventMoneyBack>): Target {
  if (object.payment_intent !== null) return { kind: 'intent', id: object.payment_intent };
  return object.charge === null ? { kind: 'nothing' } : { kind: 'charge', id: object.charge };
}

/** Reads the body of an event whose signature has been verified. */
export function readEvent(payload: unknown): EventRead {
  const event = eventShape.safeParse(payload);
  if (!event.success)
    return { id: null, problem: `This is no event that is understood: ${sentenceOf(event.error)}` };
  const { id, type, api_version: version, created, data } = event.data;
  const read = { id, type, apiVersion: version ?? null, createdAt: created };
  const reader = READERS.find(([pattern]) => pattern.test(type))?.[1];
  if (!reader) {
    return WITHOUT_EFFECT.test(type)
      ? { ...read, target: { kind: 'nothing' }, problem: null }
      : { ...read, target: null, problem: `Events of the kind ${type} are not known.` };
  }
  const target = reader(data.object);
  return 'kind' in target
    ? { ...read, target, problem: null }
    : {
        ...read,
        target: null,
        problem: `Its object has a shape that is not understood: ${sentenceOf(target)}`,
      };
}

/** The first thing that is wrong, with where it is. Nothing of the body is in it. */
function sentenceOf(error: z.ZodError): string {
  const [issue] = error.issues;
  const first = issue?.code === 'invalid_union' ? (issue.errors[0]?.[0] ?? issue) : issue;
  return `${first?.path.join('.') || 'the whole'}: ${first?.message ?? 'wrong'}`;
}
