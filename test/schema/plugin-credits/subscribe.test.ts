import { expect, test } from 'vitest';
import { CreditsRefusedError } from '../../../schema/plugin-credits/index.ts';
import { Purse } from './example/purse.ts';
import { causeOf, listen } from './example/run.ts';
import { schema, uncharged } from './example/schema.ts';

const fieldsOf = (built: typeof schema) => built.getSubscriptionType()?.getFields();

test('a subscription charged for each event pays for every event, and for opening nothing', async () => {
  const { purse, results } = await listen('subscription { frames(count: 2) }');

  expect(results).toEqual([{ data: { frames: 'frame 1' } }, { data: { frames: 'frame 2' } }]);
  expect(purse.journal).toEqual([
    'reserve 30 Subscription.frames',
    'frame 1',
    'post 30 #1',
    'reserve 30 Subscription.frames',
    'frame 2',
    'post 30 #2',
  ]);
});

test('an event that cannot be paid is refused by itself, and the balance is asked anew for the next', async () => {
  const purse = new Purse(50);
  const { reserve } = purse;
  let asked = 0;

  purse.reserve = (...request) => {
    asked += 1;

    if (asked === 3) {
      purse.left += 30;
    }

    return reserve.apply(purse, request);
  };

  const { results } = await listen('subscription { frames(count: 3) }', { purse, slow: true });

  expect(results).toEqual([
    { data: { frames: 'frame 1' } },
    { data: { frames: null }, errors: ['frames: Credits were refused for Subscription.frames'] },
    { data: { frames: 'frame 3' } },
  ]);
  expect(purse.journal).toEqual([
    'reserve 30 Subscription.frames',
    'frame 1',
    'post 30 #1',
    'refuse 30 Subscription.frames',
    'reserve 30 Subscription.frames',
    'frame 3',
    'post 30 #2',
  ]);
});

test('an event whose resolver fails is voided, and the stream goes on', async () => {
  const { purse, results } = await listen('subscription { frames(count: 14) }', { purse: new Purse(1000) });

  expect(results.slice(12)).toEqual([
    { data: { frames: null }, errors: ['frames: torn frame'] },
    { data: { frames: 'frame 14' } },
  ]);
  expect(purse.journal.filter((line) => line.startsWith('post'))).toHaveLength(13);
  expect(purse.journal.filter((line) => line.startsWith('void'))).toEqual(['void 30 #13: torn frame']);
});

test('a subscription charged once pays when it is opened, and its events are free', async () => {
  for (const slow of [false, true]) {
    const { purse, results } = await listen('subscription { news(topic: "tea") { title } }', { slow });

    expect(results).toEqual([
      { data: { news: { title: 'item 1' } } },
      { data: { news: { title: 'item 2' } } },
    ]);
    expect(purse.journal).toEqual(['reserve 8 Subscription.news', 'subscribe with #1', 'post 8 #1']);
  }
});

test.each([
  ['throw', 'no such topic'],
  ['reject', 'no such topic'],
  ['nothing', 'The subscribe function of Subscription.news must return an AsyncIterable'],
])('a subscription charged once that does not open (%s) is voided', async (topic, message) => {
  const { purse, results } = await listen(`subscription { news(topic: "${topic}") { title } }`);

  expect(results).toEqual([{ errors: [`news: ${message}`] }]);
  expect(purse.journal).toEqual([
    'reserve 8 Subscription.news',
    'subscribe with #1',
    `void 8 #1: ${message}`,
  ]);
});

test('a subscription charged once that cannot be paid is not opened', async () => {
  const { purse, results } = await listen('subscription { news(topic: "tea") { title } }', {
    purse: new Purse(7),
  });

  expect(results).toEqual([{ errors: ['news: Credits were refused for Subscription.news'] }]);
  expect(causeOf(results[0] ?? {})).toBeInstanceOf(CreditsRefusedError);
  expect(purse.journal).toEqual(['refuse 8 Subscription.news']);
});

test('a refusal of a subscription charged once can be answered by another stream', async () => {
  const { purse, results } = await listen('subscription { greeting }');

  expect(results).toEqual([{ data: { greeting: 'hello 1' } }]);
  expect(purse.journal).toEqual(['refuse 1000 Subscription.greeting']);
});

test('a refusal of a subscription charged once that is answered by anything but a stream is an error', async () => {
  const { results } = await listen('subscription { late }', { purse: new Purse(0) });

  expect(results).toEqual([{ errors: ['late: Credits were refused for Subscription.late'] }]);
});

test('the reservation of a subscription charged once is not known to the resolver of its events', async () => {
  const { results } = await listen('subscription { late }');

  expect(results).toEqual([
    {
      data: { late: null },
      errors: [
        'late: Subscription.late is charged once, so its reservation is known to its subscribe function only',
      ],
    },
  ]);
});

test('a stream that was opened but could not be posted is closed, so that it does not stay open unread', async () => {
  const purse = new Purse();
  purse.postError = new Error('the ledger is down');
  const { results } = await listen('subscription { news(topic: "tea") { title } }', { purse });

  expect(results).toEqual([{ errors: ['news: the ledger is down'] }]);
  expect(purse.journal).toEqual(['reserve 8 Subscription.news', 'subscribe with #1', 'close']);
});

test('only one of the two functions of a priced subscription is wrapped', () => {
  const [charged, plain] = [fieldsOf(schema), fieldsOf(uncharged)];

  expect(charged?.frames?.subscribe).toBe(plain?.frames?.subscribe);
  expect(charged?.frames?.resolve).not.toBe(plain?.frames?.resolve);
  expect(charged?.news?.subscribe).not.toBe(plain?.news?.subscribe);
  expect(charged?.news?.resolve).toBe(plain?.news?.resolve);
});
