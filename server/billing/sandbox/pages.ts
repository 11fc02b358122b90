/** The sandbox's pages: plain HTML without a script. They say on every page that no money moves. */
import { createHash } from 'node:crypto';
import type { Session, Subscription } from './wire.ts';

const STYLE = `
:root { color-scheme: light dark; --ink: #1a1f36; --quiet: #596171; --paper: #fff; --edge: #d5dbe1; --strong: #4b3fd6; --onstrong: #fff; --ground: #f4f5f8; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #eef0f4; --quiet: #aab2c0; --paper: #1b1f2a; --edge: #3a4152; --strong: #a59cff; --onstrong: #14121f; --ground: #11141b; }
}
* { box-sizing: border-box; }
body { margin: 0; font: 1rem/1.5 system-ui, sans-serif; color: var(--ink); background: var(--ground); }
main { max-width: 28rem; margin: 8vh auto; padding: 2rem; background: var(--paper); border: 1px solid var(--edge); border-radius: .75rem; }
h1 { margin: 0 0 .25rem; font-size: 1.25rem; }
.note { margin: 0 0 1.5rem; color: var(--quiet); font-size: .9rem; }
.amount { margin: 0 0 1.5rem; font-size: 2rem; font-weight: 650; }
form { margin: 0; }
button, a.button { display: block; width: 100%; min-height: 2.9rem; margin: .6rem 0 0; padding: .6rem 1rem; font: inherit; text-align: center; text-decoration: none; color: var(--ink); background: transparent; border: 1px solid var(--edge); border-radius: .5rem; cursor: pointer; }
button.first { color: var(--onstrong); background: var(--strong); border-color: var(--strong); font-weight: 600; }
button:focus-visible, a:focus-visible { outline: 3px solid var(--strong); outline-offset: 2px; }
dl { display: grid; grid-template-columns: auto 1fr; gap: .25rem 1rem; margin: 0 0 1rem; }
dt { color: var(--quiet); } dd { margin: 0; }
[role=status] { padding: .75rem 1rem; margin: 0 0 1rem; border: 1px solid var(--edge); border-radius: .5rem; }
`;

const STYLE_HASH = createHash('sha256').update(STYLE).digest('base64');

/** A page, with what a browser is told beside it. */
export interface Page {
  readonly status: number;
  readonly html: string;
  /** Content-Security-Policy: nothing is loaded or run, and forms lead here and to the shop only. */
  readonly policy: string;
}

const safe = (text: string) => text.replace(/[&<>"']/g, (sign) => `&#${sign.charCodeAt(0)};`);

function page(title: string, body: string, leadsTo: readonly string[] = [], status = 200): Page {
  const origins = leadsTo.flatMap((url) => (URL.canParse(url) ? [new URL(url).origin] : []));
  return {
    status,
    html: `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${safe(title)}</title>
<style>${STYLE}</style>
</head>
<body>
<main>
<h1>${safe(title)}</h1>
<p class="note">Sandbox: this page stands in for Stripe's. No money moves.</p>
${body}
</main>
</body>
</html>
`,
    // A browser holds the redirect after a form to this list too.
    policy: `default-src 'none'; style-src 'sha256-${STYLE_HASH}'; form-action 'self' ${[...new Set(origins)].join(' ')}; base-uri 'none'; frame-ancestors 'none'`,
  };
}

/** What a button of the checkout asks for. */
export type CheckoutButton = 'pay' | 'decline' | 'later' | 'later-paid' | 'later-failed' | 'cancel';

const button = (action: string, label: string, first = false) =>
  `<button${first ? ' class="first"' : ''} name="action" value="${action}">${safe(label)}</button>`;

const dollars = (cents: number, currency: string) => `${(cents / 100).toFixed(2)} ${currency.toUpperCase()}`;

/**
 * The checkout.
 *
 * @param declined whether a card has just been declined.
 */
export function checkoutPage(session: Session, now: number, declined = false): Page {
  const leadsTo = [session.success_url, session.cancel_url];
  const amount = `<p class="amount">${dollars(session.amount_total, session.currency)}</p>`;
  const back = (url: string, label: string) => `<a class="button" href="${safe(url)}">${label}</a>`;
  const form = (buttons: string) => `<form method="post">${buttons}</form>`;
  if (session.payment_status === 'paid') {
    return page(
      'Paid',
      `<p role="status">This has been paid.</p>${back(session.success_url, 'Go on')}`,
      leadsTo,
    );
  }
  if (session.status === 'complete') {
    return page(
      session.inside.name,
      `${amount}<p role="status">The payment is on its way. A bank would take days; here you say what comes of it.</p>
${form(button('later-paid', 'The money arrives', true) + button('later-failed', 'The money does not arrive'))}
${back(session.success_url, 'Go back to the shop')}`,
      leadsTo,
    );
  }
  if (session.status === 'expired' || session.expires_at <= now) {
    return page(
      'Expired',
      `<p role="status">This page is over.</p>${back(session.cancel_url, 'Go back')}`,
      leadsTo,
    );
  }
  const every =
    session.mode === 'subscription' ? '<p class="note">Renews by itself until it is canceled.</p>' : '';
  return page(
    session.inside.name,
    `${amount}${every}${declined ? '<p role="alert">The card was declined. Try again.</p>' : ''}
${form(
  button('pay', 'Pay', true) +
    button('decline', 'Pay with a card that is declined') +
    (session.mode === 'payment' ? button('later', 'Pay later, by bank transfer') : '') +
    button('cancel', 'Cancel'),
)}`,
    leadsTo,
  );
}

/** The customer's portal. */
export function portalPage(subscriptions: readonly Subscription[], returnUrl: string | null): Page {
  const parts = subscriptions.map((subscription) => {
    const [item] = subscription.items.data;
    const ended = subscription.status === 'canceled';
    const until = new Date((item?.current_period_end ?? 0) * 1000).toISOString().slice(0, 10);
    const buttons = ended
      ? ''
      : `<form method="post"><input type="hidden" name="subscription" value="${subscription.id}">${
          subscription.cancel_at_period_end
            ? button('resume', 'Keep it after all', true)
            : button('cancel', 'End it with its period', true)
        }${button('renew', 'Begin the next period now')}${button('renew-declined', 'Begin the next period now, with a card that is declined')}</form>`;
    return `<section><h2>${safe(item?.price.nickname ?? 'Subscription')}</h2>
<dl><dt>Price</dt><dd>${dollars(item?.price.unit_amount ?? 0, subscription.currency)} a ${safe(item?.price.recurring?.interval ?? 'month')}</dd>
<dt>State</dt><dd>${safe(subscription.status.replace('_', ' '))}${subscription.cancel_at_period_end && !ended ? ', ends with its period' : ''}</dd>
<dt>Period until</dt><dd>${until}</dd></dl>${buttons}</section>`;
  });
  return page(
    'Your subscriptions',
    `${parts.join('\n') || '<p>There is no subscription.</p>'}${
      returnUrl === null ? '' : `<a class="button" href="${safe(returnUrl)}">Go back</a>`
    }`,
    returnUrl === null ? [] : [returnUrl],
  );
}

/** There is no such page. */
export function noPage(): Page {
  return page('Not found', '<p>There is no such page: it was made by another start, or never.</p>', [], 404);
}
