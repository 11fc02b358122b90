/** Enums of the contract that more than one noun uses. Their values are the database's. */
import { OPERATIONS } from '../server/providers/index.ts';
import { builder } from './builder.ts';

export const Operation = builder.enumType('Operation', {
  description: 'What can be made.',
  values: OPERATIONS,
});

export const Tier = builder.enumType('Tier', {
  description: "An account's plan. FREE accounts get the free credits.",
  values: ['FREE', 'PAYG', 'BASIC', 'STARTER', 'CREATOR', 'PRO'] as const,
});

export const PlanInterval = builder.enumType('PlanInterval', {
  description: 'How often a plan is paid and its credits come.',
  values: ['MONTH', 'YEAR'] as const,
});

export const DatedState = builder.enumType('DatedState', {
  description: 'What has become of a figure that holds from an instant on.',
  values: {
    SCHEDULED: { description: 'It is still to come.' },
    IN_FORCE: { description: 'It holds.' },
    PAST: { description: 'Another has taken its place.' },
  } as const,
});

export const BudgetScope = builder.enumType('BudgetScope', {
  description: 'Whose calls a budget counts.',
  values: {
    GLOBAL: { description: 'All calls.' },
    PROVIDER: { description: 'Calls to one provider.' },
    OPERATION: { description: 'Calls of one operation.' },
    TIER: { description: 'Calls of accounts of one tier.' },
    ACCOUNT: { description: 'Calls of one account.' },
  } as const,
});

export const ErrorCode = builder.enumType('ErrorCode', {
  description: "What went wrong, as data that the caller's user can act on.",
  values: [
    'INSUFFICIENT_CREDITS',
    'UNPRICED_MODEL',
    'BUDGET_EXCEEDED',
    'CONTENT_REFUSED',
    'INVALID_INPUT',
    'IDEMPOTENCY_CONFLICT',
    'PROVIDER_UNAVAILABLE',
    'NOT_FOUND',
    'ACCOUNT_BARRED',
    'ALREADY_SPUN',
    'WHEEL_CLOSED',
  ] as const,
});
