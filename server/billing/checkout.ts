/** Buying: the checkout of a pack or a plan, the saved card, and the customer's portal. */
import { hash } from 'node:crypto';
import type { PackOffer, PlanInterval, PlanOffer } from '../plans/index.ts';
import { toCents } from './cents.ts';
import { type CustomerOptions, withCustomer } from './customers.ts';
import { StripeFailure, TAGS, type Tags } from './gateway.ts';
import { type Asking, askOnce, type FieldError, invalid, type Refusal, unavailable } from './requests.ts';
import * as statements from './statements/index.ts';

/** What is to be bought, and where the buyer goes after. */
export interface CheckoutInput extends Asking {
  /** A plan's id, or its name in the active price list. One of `plan` and `pack`. */
  readonly plan: string | null;
  readonly interval: PlanInterval;
  readonly pack: string | null;
  readonly successUrl: string;
  readonly cancelUrl: string;
  /** Whether a pack's card may be charged again without the buyer: for automatic top-up. */
  readonly savePaymentMethod: boolean;
}

/** A page at which the buyer pays. */
export interface Checkout {
  readonly id: string;
  readonly url: string;
  readonly expiresAt: Date;
}

/** What buying needs of the plans' room. */
export interface Offers {
  offer(plan: string, interval: PlanInterval, at?: Date): Promise<PlanOffer | null>;
  pack(pack: string, at?: Date): Promise<PackOffer | null>;
  packVersion(versionId: string): Promise<PackOffer | null>;
}

/** What buying needs. */
export interface BuyingOptions extends CustomerOptions {
  readonly plans: Offers;
  /** Books what Stripe says of it. What it could not, its event will, or an operator. */
  readonly bookNow: (target: { kind: 'intent' | 'subscription'; id: string }) => Promise<void>;
}

/** What Stripe is told of a checkout; kept, so that a repetition says the same. */
type Buys =
  | {
      readonly mode: 'payment';
      readonly name: string;
      readonly cents: number;
      readonly saveCard: boolean;
      readonly tags: Tags;
    }
  | {
      readonly mode: 'subscription';
      readonly name: string;
      readonly cents: number;
      readonly planVersionId: string;
      readonly interval: PlanInterval;
      readonly tags: Tags;
    };

/** The least that Stripe takes in dollars. */
const LEAST_CENTS = 50;

/** Whether an address can be sent to a browser. */
export function urlProblem(path: string, url: string): FieldError[] {
  const fits = url.length <= 2_000 && URL.canParse(url) && /^https?:$/.test(new URL(url).protocol);
  return fits
    ? []
    : [
        {
          path,
          message: 'Give an address that begins with http:// or https://, of at most 2000 characters.',
        },
      ];
}

/** The price in cents, or why Stripe cannot take it. */
export function centsOf(path: string, offer: PlanOffer | PackOffer): number | Refusal {
  const cents = toCents(offer.priceMicros);
  return cents !== null && cents >= LEAST_CENTS
    ? cents
    : invalid(path, `${offer.name} cannot be sold by card: its price must be whole cents, at least $0.50.`);
}

async function buys(options: BuyingOptions, input: CheckoutInput): Promise<Buys | Refusal> {
  const { database, plans } = options;
  const problems = [
    ...urlProblem('successUrl', input.successUrl),
    ...urlProblem('cancelUrl', input.cancelUrl),
  ];
  if ((input.plan === null) === (input.pack === null)) {
    problems.push({ path: 'pack', message: 'Name a plan or a pack, and not both.' });
  }
  if (problems.length > 0) return { status: 'invalid', fields: problems };
  if (!(await statements.describeAccount(database, input.accountId))) {
    return { status: 'not-found', message: 'There is no such account.' };
  }
  const tags = { [TAGS.account]: input.accountId };
  if (input.pack !== null) {
    const pack = await plans.pack(input.pack);
    if (!pack) return invalid('pack', 'No pack of this name is sold; the query packs has those that are.');
    const cents = centsOf('pack', pack);
    if (typeof cents !== 'number') return cents;
    return {
      mode: 'payment',
      name: `${pack.credits} credits`,
      cents,
      saveCard: input.savePaymentMethod,
      tags: { ...tags, [TAGS.packVersion]: pack.versionId, [TAGS.kind]: 'PACK' },
    };
  }
  const plan = await plans.offer(input.plan ?? '', input.interval);
  if (!plan)
    return invalid(
      'plan',
      'No plan of this name is sold for this interval; the query plans has those that are.',
    );
  if (await statements.liveSubscription(database, input.accountId)) {
    return invalid('plan', 'This account has a plan already: change it with changePlan.');
  }
  const cents = centsOf('plan', plan);
  if (typeof cents !== 'number') return cents;
  return {
    mode: 'subscription',
    name: plan.name,
    cents,
    planVersionId: plan.versionId,
    interval: plan.interval,
    tags: { ...tags, [TAGS.planVersion]: plan.versionId },
  };
}

/** A hash of what is asked, by which a key that comes again is told from one that is used for something else. */
export const hashOf = (...parts: readonly (string | number | boolean | null)[]) =>
  hash('sha256', JSON.stringify(parts));

/** Opens a checkout, once under its key. */
export async function createCheckout(
  options: BuyingOptions,
  input: CheckoutInput,
): Promise<{ readonly status: 'opened'; readonly checkout: Checkout } | Refusal> {
  const { stripe } = options;
  const answer = await askOnce<Buys, { url: string; expiresAt: string; sessionId: string }>(options, {
    ...input,
    kind: 'CHECKOUT',
    hash: hashOf(
      'checkout',
      input.accountId,
      input.plan,
      input.plan === null ? null : input.interval,
      input.pack,
      input.successUrl,
      input.cancelUrl,
      input.savePaymentMethod,
    ),
    input: await buys(options, input),
    blame: input.pack === null ? 'plan' : 'pack',
    async perform(asked, once) {
      const priceId =
        asked.mode === 'subscription'
          ? await stripe.priceOf({ ...asked, planVersionId: asked.planVersionId })
          : null;
      const opened = await withCustomer(options, input.accountId, (customerId) =>
        stripe.openCheckout(
          {
            customerId,
            accountId: input.accountId,
            successUrl: input.successUrl,
            cancelUrl: input.cancelUrl,
            tags: asked.tags,
            buys: asked.mode === 'payment' ? asked : { mode: 'subscription', priceId: priceId ?? '' },
          },
          `${once}-${customerId}`,
        ),
      );
      return { url: opened.url, expiresAt: opened.expiresAt.toISOString(), sessionId: opened.id };
    },
  });
  if (answer.status !== 'done') return answer;
  const { id, result } = answer;
  return { status: 'opened', checkout: { id, url: result.url, expiresAt: new Date(result.expiresAt) } };
}

/** The customer's own page at Stripe: cards, invoices, and ending a subscription. */
export async function openPortal(
  options: BuyingOptions,
  accountId: string,
  returnUrl: string,
): Promise<{ readonly status: 'opened'; readonly url: string } | Refusal> {
  const problems = urlProblem('returnUrl', returnUrl);
  if (problems.length > 0) return { status: 'invalid', fields: problems };
  if (!(await statements.describeAccount(options.database, accountId))) {
    return { status: 'not-found', message: 'There is no such account.' };
  }
  try {
    const url = await withCustomer(options, accountId, (customerId) =>
      options.stripe.openPortal(customerId, returnUrl),
    );
    return { status: 'opened', url };
  } catch (error) {
    if (!(error instanceof StripeFailure)) throw error;
    return error.kind === 'refused' ? invalid('returnUrl', error.message) : unavailable(error);
  }
}

/** What came of charging a saved card. */
export type ChargeOutcome =
  /** The money is there, and the credits are too. */
  | { readonly status: 'paid' }
  /** It takes a while, or is paid and not booked yet: ask again under the same key. */
  | { readonly status: 'pending' }
  /** The bank says no, or wants to see the buyer; or it cannot be bought. The same key gives this again. */
  | { readonly status: 'declined'; readonly reason: string; readonly code: string | null }
  | { readonly status: 'no-payment-method' }
  /** Nobody answered: it may have been paid. Ask again under the same key. */
  | { readonly status: 'unavailable' };

/** What Stripe is told of a charge; kept, so that a repetition says the same. */
interface Charging {
  readonly cents: number;
  readonly name: string;
  readonly tags: Tags;
  /** Not kept before it has been looked up. */
  readonly card?: SavedCard;
}

interface SavedCard {
  readonly customerId: string;
  readonly id: string;
}

/** What is kept of a charge. */
type Charged =
  | { readonly status: 'paid' | 'pending'; readonly paymentIntentId: string }
  | { readonly status: 'declined'; readonly code: string | null };

/** A pack that a saved card is to be charged for. */
export interface SavedCharge {
  readonly accountId: string;
  readonly packId: string;
  /** Which version of it; left out: the one that is sold now. */
  readonly packVersionId?: string;
  readonly key: string;
  /** Asked as long as the card cannot have been charged. */
  isWanted?(): Promise<boolean>;
}

const NOT_WANTED = new StripeFailure('refused', 'It is not wanted any more: nothing was charged.');
const NO_CARD = new StripeFailure('refused', 'This account has no saved card.', { code: 'no_card' });
const PROCESSING: ReadonlySet<string> = new Set(['processing', 'requires_capture']);

function chargedOf(intent: { readonly id: string; readonly status: string }): Charged {
  if (intent.status === 'succeeded') return { status: 'paid', paymentIntentId: intent.id };
  if (PROCESSING.has(intent.status)) return { status: 'pending', paymentIntentId: intent.id };
  return { status: 'declined', code: intent.status };
}

/** The card that an account has saved. Rejects with a StripeFailure. */
async function savedCard({ database, stripe }: BuyingOptions, accountId: string): Promise<SavedCard> {
  const customerId = await statements.customerOf(database, accountId);
  const id = customerId === null ? null : await stripe.savedPaymentMethod(customerId);
  if (customerId === null || id === null) throw NO_CARD;
  return { customerId, id };
}

/** Charges the account's saved card for a pack, without anybody present; once under its key. */
export async function chargeSaved(options: BuyingOptions, input: SavedCharge): Promise<ChargeOutcome> {
  const { stripe, plans } = options;
  const pack = await (input.packVersionId === undefined
    ? plans.pack(input.packId)
    : plans.packVersion(input.packVersionId));
  const cents = pack ? centsOf('packId', pack) : invalid('packId', 'No pack of this name is sold.');
  const answer = await askOnce<Charging, Charged>(options, {
    accountId: input.accountId,
    namespace: 'top-up',
    key: input.key,
    kind: 'CHARGE',
    hash: hashOf('charge', input.accountId, input.packId),
    input:
      typeof cents === 'number'
        ? {
            cents,
            name: `${pack?.credits} credits`,
            tags: {
              [TAGS.account]: input.accountId,
              [TAGS.packVersion]: pack?.versionId ?? '',
              [TAGS.kind]: 'TOP_UP',
            },
          }
        : cents,
    blame: 'packId',
    async perform(asked, once, keep): Promise<Charged> {
      if (!asked.card && input.isWanted && !(await input.isWanted())) throw NOT_WANTED;
      // One card whoever asks again: the first may have been charged, and another would be charged as well.
      const card = asked.card ?? (await keep({ card: await savedCard(options, input.accountId) })).card;
      if (!card) throw new Error('A card that was just kept is not there.');
      try {
        return chargedOf(
          await stripe.charge(
            {
              customerId: card.customerId,
              paymentMethodId: card.id,
              cents: asked.cents,
              description: asked.name,
              tags: asked.tags,
            },
            `${once}-${card.id}`,
          ),
        );
      } catch (error) {
        if (!(error instanceof StripeFailure && error.kind === 'declined')) throw error;
        return { status: 'declined', code: error.code };
      }
    },
  });
  switch (answer.status) {
    case 'done':
      return outcomeOf(options, answer.id, answer.result);
    case 'invalid': {
      const message = answer.fields[0]?.message ?? '';
      if (message === NO_CARD.message) return { status: 'no-payment-method' };
      return { status: 'declined', reason: message, code: null };
    }
    case 'unavailable':
      return { status: 'unavailable' };
    default:
      throw new Error(`The key of a top-up, ${input.key}, was used for something else.`);
  }
}

/** A charge as it now stands: one that takes a while is looked at again. */
async function outcomeOf(options: BuyingOptions, requestId: string, kept: Charged): Promise<ChargeOutcome> {
  let charged = kept;
  if (kept.status === 'pending') {
    try {
      charged = chargedOf(await options.stripe.readIntent(kept.paymentIntentId));
    } catch (error) {
      if (!(error instanceof StripeFailure)) throw error;
      return { status: 'unavailable' };
    }
    if (charged.status !== 'pending') await statements.finishRequest(options.database, requestId, charged);
  }
  switch (charged.status) {
    case 'paid': {
      await options.bookNow({ kind: 'intent', id: charged.paymentIntentId });
      // Without its credits the account is still low: who was told that it is paid would buy the next pack. With them it
      // is paid, whatever else of it an operator has to look at.
      const hasCredits = await statements.isBooked(options.database, charged.paymentIntentId);
      return { status: hasCredits ? 'paid' : 'pending' };
    }
    case 'pending':
      return { status: 'pending' };
    case 'declined':
      return { status: 'declined', reason: 'The bank declined the payment.', code: charged.code };
  }
}
