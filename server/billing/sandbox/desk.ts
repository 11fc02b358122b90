/** The sandbox as a site has it: its pages, and the sending of its events to the site's own webhook. */
import type { Clock } from '../../clock.ts';
import type { Database } from '../../database/index.ts';
import type { Log } from '../../log.ts';
import { decline, endPayLater, expire, pay, payLater } from './checkout.ts';
import { readForm, textAt } from './form.ts';
import { checkoutPage, noPage, type Page, portalPage } from './pages.ts';
import type { WireAnswer, WireRequest } from './requests.ts';
import type { Scene } from './scene.ts';
import { openSandboxStripe } from './server.ts';
import { createTableStore, type Store } from './store.ts';
import { endWithPeriod, renew } from './subscriptions.ts';
import { closeDispute, openDispute } from './till.ts';

/** Hands an event to the site. Gives the HTTP status that the site answers with. */
export type Deliver = (payload: string, signature: string) => Promise<number>;

/** What a browser is answered. */
export type Shown = { readonly page: Page } | { readonly redirect: string };

/** The sandbox's Stripe, with its pages. */
export interface Sandbox {
  /** Answers a request of the API. */
  request(request: WireRequest): Promise<WireAnswer>;
  /** By which its events are signed. */
  secret(): Promise<string>;
  /** A page, by its path. */
  show(path: string): Promise<Shown>;
  /** A button of a page. Resolves when the site has heard of what follows, or has not within some seconds. */
  press(path: string, form: string): Promise<Shown>;
  /** Begins to send events to this address, or to a function: those that a crash has left, too. */
  deliverTo(to: string | Deliver): void;
  /** Sends what waits. Resolves when the site has heard of it, or has not within some seconds. */
  deliver(): Promise<void>;
  /** A bank's doing: its customer disputes a charge. Gives the dispute's id. */
  dispute(chargeId: string): Promise<string>;
  /** The end of a dispute. */
  closeDispute(disputeId: string, status: 'won' | 'lost'): Promise<void>;
  /** Ends sending. */
  stop(): Promise<void>;
}

/** What the sandbox needs. */
export interface SandboxOptions {
  readonly database: Database;
  readonly clock: Clock;
  readonly log: Log;
  /** Where its objects are kept; the database's table when left out. */
  readonly store?: Store | undefined;
  /** Where the pages are found, once the server listens. */
  pagesUrl(): string;
  /** Signs as Stripe does. */
  sign(payload: string, secret: string, now: Date): string;
}

/** Events that were not taken are sent again so often. */
const AGAIN_MS = 5_000;
/** A page waits so long for the site to hear of a payment. */
const PATIENCE_MS = 8_000;

const CHECKOUT = /^\/sandbox\/checkout\/(cs_test_\w+)$/;
const PORTAL = /^\/sandbox\/portal\/(bps_\w+)$/;

/** Opens the sandbox. It keeps what it has in the database. */
export function openSandbox(options: SandboxOptions): Sandbox {
  const { database, clock, log } = options;
  const stripe = openSandboxStripe({
    store: options.store ?? createTableStore(database),
    clock,
    around: { pagesUrl: options.pagesUrl, declines: () => false },
  });
  let deliverEvent: Deliver | undefined;
  let timer: NodeJS.Timeout | undefined;
  let sending: Promise<void> = Promise.resolve();
  let next: Promise<void> | null = null;

  async function send(): Promise<void> {
    if (!deliverEvent) return;
    const secret = await stripe.secret();
    for (const event of await stripe.waiting()) {
      if (!deliverEvent) return;
      const payload = JSON.stringify(event);
      const status = await deliverEvent(payload, options.sign(payload, secret, clock.now()));
      // What the site will not believe it will not believe the next time either. What it cannot take yet holds up no other.
      if (status < 500) await stripe.taken(event.id);
    }
  }
  /** One sending at a time; whoever wants another meanwhile shares the next. */
  const flush = () => {
    if (next) return next;
    next = sending
      .then(() => {
        next = null;
        return send();
      })
      .catch((error: unknown) => {
        log.warn({ error }, "The sandbox's events could not be sent; they are sent again.");
      });
    sending = next;
    return next;
  };

  const noSuchPage: Shown = { page: noPage() };
  const show = async (scene: Scene, path: string, declined = false): Promise<Shown> => {
    const session = await scene.shelf.get('checkout.session', CHECKOUT.exec(path)?.[1] ?? '');
    if (session) return { page: checkoutPage(session, scene.now, declined) };
    const portal = await scene.shelf.get('billing_portal.session', PORTAL.exec(path)?.[1] ?? '');
    if (!portal) return noSuchPage;
    const subscriptions = await scene.shelf.all('subscription', { customer: portal.customer });
    return { page: portalPage(subscriptions.toReversed(), portal.return_url) };
  };

  const pressCheckout = async (scene: Scene, path: string, id: string, action: string): Promise<Shown> => {
    switch (action) {
      case 'pay':
        return { redirect: (await pay(scene, id)).success_url };
      case 'later':
        await payLater(scene, id);
        return show(scene, path);
      case 'later-paid':
      case 'later-failed': {
        const session = await endPayLater(scene, id, action === 'later-paid');
        return action === 'later-paid' ? { redirect: session.success_url } : { redirect: session.cancel_url };
      }
      case 'decline':
        await decline(scene, id);
        return show(scene, path, true);
      case 'cancel':
        return { redirect: (await expire(scene, id)).cancel_url };
      default:
        return show(scene, path);
    }
  };

  const pressPortal = async (scene: Scene, path: string, id: string, form: string): Promise<Shown> => {
    const portal = await scene.shelf.get('billing_portal.session', id);
    const fields = readForm(form);
    const subscription = await scene.shelf.get('subscription', textAt(fields, 'subscription') ?? '');
    if (portal && subscription?.customer === portal.customer) {
      const action = textAt(fields, 'action');
      if (action === 'cancel' || action === 'resume') {
        await endWithPeriod(scene, subscription.id, action === 'cancel');
      } else if (action === 'renew' || action === 'renew-declined') {
        await renew(scene, subscription.id, action === 'renew');
      }
    }
    return show(scene, path);
  };

  return {
    async request(request) {
      const answer = await stripe.request(request);
      // The caller is not kept waiting for what it will be told by an event.
      setImmediate(() => void flush());
      return answer;
    },
    secret: () => stripe.secret(),
    show: (path) => stripe.act((scene) => show(scene, path)),
    async press(path, form) {
      const checkoutId = CHECKOUT.exec(path)?.[1];
      const portalId = PORTAL.exec(path)?.[1];
      const shown = await stripe.act(async (scene) => {
        if (checkoutId !== undefined) {
          if (!(await scene.shelf.get('checkout.session', checkoutId))) return noSuchPage;
          return pressCheckout(scene, path, checkoutId, textAt(readForm(form), 'action') ?? '');
        }
        return portalId === undefined ? noSuchPage : pressPortal(scene, path, portalId, form);
      });
      await flush();
      return shown;
    },
    deliverTo(to) {
      deliverEvent = typeof to === 'string' ? posting(to) : to;
      void flush();
      timer = setInterval(() => void flush(), AGAIN_MS);
      timer.unref();
    },
    deliver: flush,
    async dispute(chargeId) {
      const { id } = await stripe.act((scene) => openDispute(scene, chargeId));
      await flush();
      return id;
    },
    async closeDispute(disputeId, status) {
      await stripe.act((scene) => closeDispute(scene, disputeId, status));
      await flush();
    },
    async stop() {
      clearInterval(timer);
      deliverEvent = undefined;
      await sending;
    },
  };
}

/** Delivers over HTTP, as Stripe does. */
const posting =
  (url: string): Deliver =>
  async (payload, signature) => {
    const answer = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json; charset=utf-8', 'stripe-signature': signature },
      body: payload,
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    await answer.arrayBuffer();
    return answer.status;
  };
