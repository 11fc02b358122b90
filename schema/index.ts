/** The door of the schema: every noun's file adds its own types, queries, mutations and subscriptions. */
import './scalars.ts';
import './account.ts';
import './generation.ts';
import './catalog.ts';
import './price.ts';
import './price-history.ts';
import './price-preview.ts';
import './plan.ts';
import './plan-version.ts';
import './protection.ts';
import './revocation.ts';
import './reward.ts';
import './top-up.ts';
import './wheel.ts';
import './provider.ts';
import './profit.ts';
import './business.ts';
import './cost-adjustment.ts';
import './reconciliation.ts';
import './history-import.ts';
import './access.ts';
import './audit.ts';
import './alert.ts';
import './alert-rule.ts';
import './alert-channel.ts';
import './watch.ts';
import './billing.ts';
import './books.ts';
import './book-rows.ts';
import { builder } from './builder.ts';

export type { Connection, Context, Stream } from './context.ts';
export * from './errors.ts';
export { createLoaders } from './loaders.ts';
export { decodeId, encodeId } from './node-ids.ts';

/** The schema, built once a process. */
export const schema = builder.toSchema();
