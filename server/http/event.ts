/** One event of a subscription as bytes, written once however many are sent it. */
import type { ExecutionResult, GraphQLError } from 'graphql';

/** What goes out for one event: the same bytes for everybody. */
export interface StreamEvent {
  /**
   * The answer as JSON.
   *
   * @param skipped how many events its reader has missed before it; told in `extensions.skipped` when it is not 0.
   */
  json(skipped: number): Buffer;
}

/** An error as the wire has it. HTTP's part of one says nothing within a stream. */
function bare(error: GraphQLError) {
  const { extensions, ...rest } = error.toJSON();
  if (!extensions) return rest;
  const { http: _http, ...said } = extensions;
  return { ...rest, extensions: said };
}

/**
 * Writes an answer.
 *
 * @param lost how many events before it could not be told to anybody.
 */
export function writeEvent({ data, errors }: ExecutionResult, lost = 0): StreamEvent {
  const text = JSON.stringify({
    ...(data === undefined ? {} : { data }),
    ...(errors ? { errors: errors.map(bare) } : {}),
  });
  const write = (skipped: number) =>
    Buffer.from(skipped === 0 ? text : `${text.slice(0, -1)},"extensions":{"skipped":${skipped}}}`);
  let whole: Buffer | undefined;
  return {
    json(skipped) {
      if (skipped > 0) return write(lost + skipped);
      whole ??= write(lost);
      return whole;
    },
  };
}
