/** How many subscriptions a caller may have open at once, over WebSockets and server-sent events together. */
import { GraphQLError } from 'graphql';
import type { Plugin } from 'graphql-yoga';
import type { Context } from '../../schema/index.ts';

/**
 * The limit as a plugin of yoga, which sees every subscription whichever way it comes. Kept in this process; with several
 * processes a caller may have as many times the limit.
 */
export function useSubscriptionLimit(limit: number): Plugin<Context> {
  const open = new Map<string, number>();
  const end = (who: string) => {
    const left = (open.get(who) ?? 1) - 1;
    if (left > 0) open.set(who, left);
    else open.delete(who);
  };

  return {
    onSubscribe({ args, setResultAndStopExecution }) {
      const who = args.contextValue.caller?.actor ?? '';
      const count = open.get(who) ?? 0;
      if (count >= limit) {
        const message = `At most ${limit} subscriptions a caller: end one before the next.`;
        const extensions = { code: 'RATE_LIMITED', http: { status: 429 } };
        setResultAndStopExecution({ errors: [new GraphQLError(message, { extensions })] });
        return undefined;
      }
      open.set(who, count + 1);
      return {
        onSubscribeError: () => end(who),
        onSubscribeResult({ result }) {
          if (Symbol.asyncIterator in result) return { onEnd: () => end(who) };
          end(who);
          return undefined;
        },
      };
    },
  };
}
