/**
 * urql, with a cache of whole answers. A mutation that answers with a type has every query asked again that has shown one of that
 * type: each figure on the page is one that the server has added up. A normalised cache would join them from parts of its own,
 * which is a second bookkeeping; it would also need the documents' text, which the built pages do not carry.
 */
import { Client, cacheExchange, fetchExchange, mapExchange, subscriptionExchange } from 'urql';
import { session } from '../session/session.ts';
import { codeOf } from './failure.ts';
import { createLive } from './live.ts';

const PATH = '/graphql';

/** The one live connection of this window. */
export const live = createLive(PATH, () => session.end());

function createGraphqlClient(): Client {
  return new Client({
    url: PATH,
    preferGetMethod: false,
    // What was seen before is shown at once, and asked for again.
    requestPolicy: 'cache-and-network',
    fetchOptions: { credentials: 'same-origin' },
    exchanges: [
      mapExchange({
        onResult({ error, operation }) {
          if (error && codeOf(error) === 'UNAUTHENTICATED' && operation.kind !== 'mutation') session.end();
        },
      }),
      cacheExchange,
      subscriptionExchange({
        forwardSubscription: (request) => ({
          subscribe: (sink) => ({
            unsubscribe: live.subscribe(request as never, sink as never),
          }),
        }),
      }),
      fetchExchange,
    ],
  });
}

let client = createGraphqlClient();

/** The client of the present session. */
export const currentClient = (): Client => client;

/** Forgets everything that was asked for: another person may sign in next. */
export function resetClient(): void {
  live.reset();
  client = createGraphqlClient();
}
