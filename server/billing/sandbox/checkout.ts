/** What the buttons of the sandbox's pages do. */
import { change, need, type Scene } from './scene.ts';
import { subscribe } from './subscriptions.ts';
import { fail, openPayment, type PayOptions, saveCard, succeed } from './till.ts';
import type { Session } from './wire.ts';

function isOpen(scene: Scene, session: Session): boolean {
  return session.status === 'open' && session.expires_at > scene.now;
}

async function openFor(scene: Scene, session: Session) {
  return openPayment(scene, {
    amount: session.amount_total,
    currency: session.currency,
    customer: session.customer,
    metadata: session.inside.objectMetadata,
    paymentMethod: session.inside.saveCard ? await saveCard(scene, session.customer) : null,
  });
}

/** Pays by card. A page that is paid or over stays as it is. */
export async function pay(scene: Scene, sessionId: string, options: PayOptions = {}): Promise<Session> {
  const session = await need(scene, 'checkout.session', sessionId);
  if (!isOpen(scene, session)) return session;
  let made: Partial<Session>;
  if (session.mode === 'payment') {
    const intent = await openFor(scene, session);
    await succeed(scene, intent.id, options);
    made = { payment_intent: intent.id };
  } else {
    const { subscription, invoice } = await subscribe(
      scene,
      {
        customer: session.customer,
        price: await need(scene, 'price', session.inside.price ?? ''),
        metadata: session.inside.objectMetadata,
      },
      options,
    );
    made = { subscription: subscription.id, invoice: invoice.id };
  }
  const paid = await change(scene, 'checkout.session', sessionId, {
    ...made,
    status: 'complete',
    payment_status: 'paid',
    url: null,
  });
  await scene.emit('checkout.session.completed', paid);
  return paid;
}

/** Pays in a way that takes days, such as a bank transfer: what comes of it is told later. */
export async function payLater(scene: Scene, sessionId: string): Promise<Session> {
  const session = await need(scene, 'checkout.session', sessionId);
  if (!isOpen(scene, session) || session.mode !== 'payment') return session;
  const intent = await openFor(scene, session);
  await change(scene, 'payment_intent', intent.id, { status: 'processing' });
  const complete = await change(scene, 'checkout.session', sessionId, {
    payment_intent: intent.id,
    status: 'complete',
    url: null,
  });
  await scene.emit('checkout.session.completed', complete);
  return complete;
}

/** Says what came of a payment that takes days. */
export async function endPayLater(
  scene: Scene,
  sessionId: string,
  succeeded: boolean,
  options: PayOptions = {},
): Promise<Session> {
  const session = await need(scene, 'checkout.session', sessionId);
  if (session.status !== 'complete' || session.payment_status !== 'unpaid' || !session.payment_intent) {
    return session;
  }
  if (!succeeded) {
    await fail(scene, session.payment_intent);
    await scene.emit('checkout.session.async_payment_failed', session);
    return session;
  }
  await succeed(scene, session.payment_intent, options);
  const paid = await change(scene, 'checkout.session', sessionId, { payment_status: 'paid' });
  await scene.emit('checkout.session.async_payment_succeeded', paid);
  return paid;
}

/** Tries a card that the bank declines. The page stays open for another try. */
export async function decline(scene: Scene, sessionId: string): Promise<Session> {
  const session = await need(scene, 'checkout.session', sessionId);
  if (isOpen(scene, session)) await fail(scene, (await openFor(scene, session)).id);
  return session;
}

/** Lets a page go unpaid. */
export async function expire(scene: Scene, sessionId: string): Promise<Session> {
  const session = await need(scene, 'checkout.session', sessionId);
  if (session.status !== 'open') return session;
  const expired = await change(scene, 'checkout.session', sessionId, { status: 'expired', url: null });
  await scene.emit('checkout.session.expired', expired);
  return expired;
}
