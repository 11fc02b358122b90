/**
 * One request by an SDK that would repeat it. Such an SDK decides by what it is shown, and not every one has a switch for
 * that: so it is shown nothing but the answer that it is there to read. Of all else it learns no more than that there is
 * none, by an error in which no SDK finds a reason to try again; what really happened is kept beside it.
 */
import { type Exchange, WireError } from './wire.ts';

/** What one request brought: what the SDK made of the answer, an answer that it was not shown, or no whole answer. */
export type Heard =
  | { readonly answer: unknown; readonly response: Response }
  | { readonly refusal: Response }
  | { readonly loss: WireError };

/**
 * Makes one request by an SDK. Throws nothing.
 *
 * @param exchange of this request alone.
 * @param call gets what the SDK is to take for `fetch`.
 * @param isReadable which answers the SDK is shown: those with a 2xx when not said.
 */
export async function askOnce(
  exchange: Exchange,
  call: (fetch: Exchange['fetch']) => Promise<unknown>,
  isReadable: (response: Response) => boolean = ({ ok }) => ok,
): Promise<Heard> {
  const ear: { heard?: Heard; shown?: Response } = {};
  try {
    const answer = await call(async (input, init) => {
      try {
        const response = await exchange.fetch(input, init);
        if (isReadable(response)) {
          ear.shown = response;
          return response;
        }
        ear.heard ??= { refusal: response };
      } catch (error) {
        ear.heard ??= {
          loss: error instanceof WireError ? error : new WireError('broken', exchange.sent, error),
        };
      }
      throw new Error('See what was heard.');
    });
    if (ear.shown) return { answer, response: ear.shown };
    return ear.heard ?? { loss: new WireError('unreadable', exchange.sent) };
  } catch (error) {
    return ear.heard ?? { loss: new WireError('unreadable', exchange.sent, error) };
  }
}
