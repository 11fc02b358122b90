/** How what is still to come is taken back before it begins: a price, a cost, a version of a plan or a pack. */
import { builder } from './builder.ts';
import type { Context } from './context.ts';
import { unauthenticated } from './errors.ts';
import { invalidInput, notFoundOutcome } from './outcome.ts';
import { reasonProblem } from './reason.ts';

/** The input of a mutation that takes something back. @param what it is named by, such as "row". */
export const takeBackInput = (name: string, description: string, what: string) =>
  builder.inputType(name, {
    description,
    fields: (t) => ({
      id: t.id({ required: true, description: `Of a ${what} whose state is SCHEDULED.` }),
      reason: t.string({ required: true, description: 'Why; it is written to the audit log.' }),
    }),
  });

/**
 * Takes something back.
 *
 * @param what it is named by where there is none, such as "price or cost".
 * @param take does it. It answers with null where nothing of that id is still to come.
 * @returns what it answers with, or what is wrong.
 */
export async function takeBack<Taken extends object>(
  { id, reason }: { readonly id: string; readonly reason: string },
  { caller }: Context,
  what: string,
  take: (asked: { readonly reason: string; readonly actor: string }) => Promise<Taken | null>,
) {
  if (!caller) throw unauthenticated();
  const problem = reasonProblem(reason);
  if (problem) return invalidInput([problem]);
  return (
    (await take({ reason, actor: caller.actor })) ??
    notFoundOutcome(
      `No ${what} ${id.slice(0, 60)} is still to come: what has begun can only be followed by another.`,
    )
  );
}
