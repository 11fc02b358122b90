import { completeValue } from '@pothos/core';
import { CreditsRefusedError } from './errors.ts';
import type { CompiledCredits } from './price.ts';
import { type AnyCreditsOptions, type AnyResolver, chargeResolver, refusalHandler } from './resolve.ts';

/**
 * Wraps the subscribe function of a subscription that pays once: reserve → subscribe → post, or void when it could
 * not be opened. The events that follow are free.
 */
export function chargeSubscribe(
  credits: CompiledCredits,
  options: AnyCreditsOptions,
  subscribe: AnyResolver,
): AnyResolver {
  const onRefused = refusalHandler(credits, options);

  // Anything but a stream is a subscription that was not opened. GraphQL says so as well, but only after this
  // function has returned, when the credits would have been posted.
  const open: AnyResolver = (parent, args, context, info) =>
    completeValue(subscribe(parent, args, context, info), (stream) => {
      if (isStream(stream) || stream instanceof Error) {
        return stream;
      }

      throw new TypeError(`The subscribe function of ${credits.field} must return an AsyncIterable`);
    });

  return chargeResolver(credits, options, open, {
    // The result of a subscribe function is a stream, so a refusal can be answered by a stream only. Any other
    // answer has nowhere to go, and the client learns of the refusal by the error.
    onRefused: (refusal, parent, args, context, info) =>
      completeValue(onRefused(refusal, parent, args, context, info), (answer) => {
        if (isStream(answer)) {
          return answer;
        }

        throw new CreditsRefusedError(credits.field, refusal);
      }),
    onPostFailed: close,
  });
}

function isStream(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

/** Nobody will read a stream that was opened but could not be paid for, so it would stay open for ever. */
async function close(stream: unknown): Promise<void> {
  try {
    await (stream as AsyncIterable<unknown>)[Symbol.asyncIterator]().return?.();
  } catch {
    // The client is about to be told that posting failed, which is the cause; this is a consequence.
  }
}
