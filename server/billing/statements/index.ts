/** All SQL of billing, but for the books' sums and the sandbox's table: one idea a file. */
export * from './accounts.ts';
export * from './events.ts';
export * from './money-back.ts';
export * from './parts.ts';
export * from './payments.ts';
export * from './requests.ts';
export * from './subscriptions.ts';
