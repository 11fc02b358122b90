/** Who accounts are to Stripe: a customer each, made when first needed. */
import { hash } from 'node:crypto';
import type { Clock } from '../clock.ts';
import type { Database } from '../database/index.ts';
import { StripeFailure, type StripeGateway } from './gateway.ts';
import * as statements from './statements/index.ts';

/** What looking after customers needs. */
export interface CustomerOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly stripe: StripeGateway;
}

async function ensure(
  options: CustomerOptions,
  accountId: string,
  forgotten: string | null,
): Promise<string> {
  const { database, clock, stripe } = options;
  const known = await statements.customerOf(database, accountId);
  if (known !== null) return known;
  const account = await statements.describeAccount(database, accountId);
  const customer = {
    accountId,
    externalId: account?.external_id ?? accountId,
    email: account?.email ?? null,
  };
  // Under one key Stripe takes the same customer only: another address of mail is another key. One that was deleted at
  // Stripe would be given again under the same.
  const said = hash('sha256', JSON.stringify(customer)).slice(0, 16);
  const made = await stripe.createCustomer(
    customer,
    `solvent-customer-${accountId}-${said}${forgotten === null ? '' : `-after-${forgotten}`}`,
  );
  return statements.keepCustomer(database, clock.now(), accountId, made);
}

/**
 * Does something with an account's customer. One that Stripe does not know any more, since somebody deleted it there, is
 * made anew, once. Rejects with a StripeFailure.
 */
export async function withCustomer<Result>(
  options: CustomerOptions,
  accountId: string,
  work: (customerId: string) => Promise<Result>,
): Promise<Result> {
  const customerId = await ensure(options, accountId, null);
  try {
    return await work(customerId);
  } catch (error) {
    if (!(error instanceof StripeFailure && error.kind === 'missing' && error.parameter === 'customer')) {
      throw error;
    }
    await statements.forgetCustomer(options.database, customerId);
    return work(await ensure(options, accountId, customerId));
  }
}
