/**
 * Outcomes that the caller's user can act on, as types. Each implements Error; `code` says which it is, and
 * resolvers return plain objects with it.
 */
import { builder } from './builder.ts';
import { BudgetScope, ErrorCode } from './enums.ts';

/** One argument that cannot be. */
export interface FieldProblem {
  readonly path: string;
  readonly message: string;
}

interface Outcomes {
  InsufficientCreditsError: {
    code: 'INSUFFICIENT_CREDITS';
    message: string;
    required: number;
    available: number;
  };
  UnpricedModelError: { code: 'UNPRICED_MODEL'; message: string; model: string };
  BudgetExceededError: {
    code: 'BUDGET_EXCEEDED';
    message: string;
    scope: (typeof BudgetScope)['$inferType'];
    resetsAt: Date;
  };
  ContentRefusedError: { code: 'CONTENT_REFUSED'; message: string; creditsReturned: number };
  InvalidInputError: { code: 'INVALID_INPUT'; message: string; fields: readonly FieldProblem[] };
  IdempotencyConflictError: { code: 'IDEMPOTENCY_CONFLICT'; message: string };
  ProviderUnavailableError: {
    code: 'PROVIDER_UNAVAILABLE';
    message: string;
    creditsReturned: number;
    retryAfterSeconds: number | null;
  };
  NotFoundError: { code: 'NOT_FOUND'; message: string };
  AlreadySpunError: { code: 'ALREADY_SPUN'; message: string; nextSpinAt: Date };
  WheelClosedError: { code: 'WHEEL_CLOSED'; message: string };
  AccountBarredError: { code: 'ACCOUNT_BARRED'; message: string };
}

export type Outcome<Name extends keyof Outcomes> = Outcomes[Name];

export const OutcomeError = builder
  .interfaceRef<{ code: (typeof ErrorCode)['$inferType']; message: string }>('Error')
  .implement({
    description: "An outcome that the caller's user can act on. It is data, not a GraphQL error.",
    fields: (t) => ({
      code: t.field({
        type: ErrorCode,
        description: 'Which outcome it is.',
        resolve: (outcome) => outcome.code,
      }),
      message: t.exposeString('message', {
        description: 'A sentence for people, which says what would be right.',
      }),
    }),
  });

/** Which object type an outcome is of; a generation or whatever else has no such code. */
const OUTCOME_TYPES: Record<(typeof ErrorCode)['$inferType'], keyof Outcomes> = {
  INSUFFICIENT_CREDITS: 'InsufficientCreditsError',
  UNPRICED_MODEL: 'UnpricedModelError',
  BUDGET_EXCEEDED: 'BudgetExceededError',
  CONTENT_REFUSED: 'ContentRefusedError',
  INVALID_INPUT: 'InvalidInputError',
  IDEMPOTENCY_CONFLICT: 'IdempotencyConflictError',
  PROVIDER_UNAVAILABLE: 'ProviderUnavailableError',
  NOT_FOUND: 'NotFoundError',
  ALREADY_SPUN: 'AlreadySpunError',
  WHEEL_CLOSED: 'WheelClosedError',
  ACCOUNT_BARRED: 'AccountBarredError',
};

/** Names the member of a result union: an outcome by its code, anything else as what the field gives. */
export function resolveOutcome<Else extends string>(otherwise: Else) {
  return (value: object): keyof Outcomes | Else =>
    'code' in value && typeof value.code === 'string' && value.code in OUTCOME_TYPES
      ? OUTCOME_TYPES[value.code as keyof typeof OUTCOME_TYPES]
      : otherwise;
}

export const InsufficientCreditsError = builder
  .objectRef<Outcomes['InsufficientCreditsError']>('InsufficientCreditsError')
  .implement({
    description: 'The account has fewer credits than the call costs. Nothing was called.',
    interfaces: [OutcomeError],
    fields: (t) => ({
      required: t.exposeInt('required', { description: 'Credits that the call costs.' }),
      available: t.exposeInt('available', { description: 'Credits that the account has at this instant.' }),
    }),
  });

export const UnpricedModelError = builder
  .objectRef<Outcomes['UnpricedModelError']>('UnpricedModelError')
  .implement({
    description: 'The model has no cost or no price for this request, so that it is not called at any.',
    interfaces: [OutcomeError],
    fields: (t) => ({ model: t.exposeString('model', { description: 'provider/name' }) }),
  });

export const BudgetExceededError = builder
  .objectRef<Outcomes['BudgetExceededError']>('BudgetExceededError')
  .implement({
    description: "A budget of the operator's leaves no room for this call. Nothing was called.",
    interfaces: [OutcomeError],
    fields: (t) => ({
      scope: t.field({
        type: BudgetScope,
        description: 'Whose budget it is.',
        resolve: (outcome) => outcome.scope,
      }),
      resetsAt: t.expose('resetsAt', { type: 'DateTime', description: 'When its next window begins.' }),
    }),
  });

export const ContentRefusedError = builder
  .objectRef<Outcomes['ContentRefusedError']>('ContentRefusedError')
  .implement({
    description: 'The provider will not make this. The credits are back.',
    interfaces: [OutcomeError],
    fields: (t) => ({
      creditsReturned: t.exposeInt('creditsReturned', {
        description: 'Credits that went back to the account.',
      }),
    }),
  });

const InvalidField = builder.objectRef<FieldProblem>('InvalidField').implement({
  description: 'One argument that cannot be.',
  fields: (t) => ({
    path: t.exposeString('path', { description: 'Path within the input, such as `size`.' }),
    message: t.exposeString('message', { description: 'What would be right.' }),
  }),
});

export const InvalidInputError = builder
  .objectRef<Outcomes['InvalidInputError']>('InvalidInputError')
  .implement({
    description: 'Arguments that cannot be. Nothing was done.',
    interfaces: [OutcomeError],
    fields: (t) => ({
      fields: t.field({
        type: [InvalidField],
        description: 'Each argument with what would be right.',
        resolve: (outcome) => [...outcome.fields],
      }),
    }),
  });

export const IdempotencyConflictError = builder
  .objectRef<Outcomes['IdempotencyConflictError']>('IdempotencyConflictError')
  .implement({
    description: 'The idempotency key was used before, with another input. Nothing was done.',
    interfaces: [OutcomeError],
  });

export const ProviderUnavailableError = builder
  .objectRef<Outcomes['ProviderUnavailableError']>('ProviderUnavailableError')
  .implement({
    description: 'The provider made nothing, and another try may. The credits are back.',
    interfaces: [OutcomeError],
    fields: (t) => ({
      creditsReturned: t.exposeInt('creditsReturned', {
        description: 'Credits that went back to the account.',
      }),
      retryAfterSeconds: t.exposeInt('retryAfterSeconds', {
        nullable: true,
        description: 'How long the provider asks to be left alone, when it says.',
      }),
    }),
  });

export const NotFoundError = builder.objectRef<Outcomes['NotFoundError']>('NotFoundError').implement({
  description: 'There is no such thing, or it is not for this caller.',
  interfaces: [OutcomeError],
});

export const AccountBarredError = builder
  .objectRef<Outcomes['AccountBarredError']>('AccountBarredError')
  .implement({
    description: 'The account may make no paid calls; the message says why. Nothing was called.',
    interfaces: [OutcomeError],
  });

export const AlreadySpunError = builder
  .objectRef<Outcomes['AlreadySpunError']>('AlreadySpunError')
  .implement({
    description: 'The account has had its spin of the day.',
    interfaces: [OutcomeError],
    fields: (t) => ({
      nextSpinAt: t.expose('nextSpinAt', { type: 'DateTime', description: 'When its next day begins.' }),
    }),
  });

export const WheelClosedError = builder
  .objectRef<Outcomes['WheelClosedError']>('WheelClosedError')
  .implement({
    description: 'Nobody can spin at present. Nothing was drawn.',
    interfaces: [OutcomeError],
  });

/** Arguments that cannot be, as an outcome. */
export function invalidInput(fields: readonly FieldProblem[]): Outcome<'InvalidInputError'> {
  return {
    code: 'INVALID_INPUT',
    message: fields.map((field) => `${field.path}: ${field.message}`).join(' '),
    fields,
  };
}

/** A key that came before with another input, as an outcome. */
export function idempotencyConflict(key: string): Outcome<'IdempotencyConflictError'> {
  return {
    code: 'IDEMPOTENCY_CONFLICT',
    message: `The idempotency key "${key.slice(0, 60)}" was used before with another input. Make up a new key for a new request.`,
  };
}

/** Something that is not there, as an outcome. */
export function notFoundOutcome(message: string): Outcome<'NotFoundError'> {
  return { code: 'NOT_FOUND', message };
}
