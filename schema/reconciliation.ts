/** Vendors' bills beside the books: what was reconciled, and a bill that is handed in as text. */
import { resolveCursorConnection } from '@pothos/plugin-relay';
import { isUuid } from '../server/ids.ts';
import type {
  Adjustment,
  BillProblem,
  BookedBill,
  Compared,
  Comparison,
} from '../server/reconciliation/index.ts';
import { type BillPart, BILL_PARTS as PARTS } from '../server/reconciliation/index.ts';
import { builder, DEFAULT_PAGE, MAX_PAGE, needs } from './builder.ts';
import { CostAdjustment } from './cost-adjustment.ts';
import { Operation } from './enums.ts';
import { invalidArgument, unauthenticated } from './errors.ts';
import { type FieldProblem, InvalidInputError, invalidInput, resolveOutcome } from './outcome.ts';
import { reasonProblem } from './reason.ts';
import { Money } from './scalars.ts';
import { Range, TimeRange } from './time-range.ts';

const DAY_MS = 86_400_000;
/** The most lines or problems that one answer has. */
const MOST_LINES = 1_000;
/** The most characters of a bill: with what JSON adds to them it must fit into a request. */
const MOST_CHARACTERS = 500_000;
/** The most columns and models that are named. */
const MOST_NAMED = 200;

const firstOf = <Item>(items: readonly Item[], first: number | null | undefined): Item[] => {
  const limit = first ?? 100;
  if (limit < 1 || limit > MOST_LINES) throw invalidArgument('first', `Give 1 to ${MOST_LINES}.`);
  return items.slice(0, limit);
};
const FIRST = { defaultValue: 100, description: `At most ${MOST_LINES}.` } as const;
const sumOf = <Item>(items: readonly Item[], of: (item: Item) => bigint | null): bigint =>
  items.reduce((sum, item) => sum + (of(item) ?? 0n), 0n);

const Reconciliation = builder.objectRef<BookedBill>('Reconciliation').implement({
  description: "A vendor's bill whose differences from the books were booked, at one time.",
  fields: (t) => ({
    id: t.exposeID('id', { description: 'That of its first adjustment.' }),
    provider: t.exposeString('provider', { description: 'Who billed it.' }),
    billSha256: t.exposeString('billSha256', { description: "SHA-256 of the bill's file, in hex." }),
    range: t.field({
      type: Range,
      description: 'Days of UTC, from the first to just after the last on which it differed.',
      resolve: ({ firstDay, lastDay }) => ({ from: firstDay, to: new Date(lastDay.getTime() + DAY_MS) }),
    }),
    billed: t.field({
      type: Money,
      description: 'What the bill says, of the lines that differed.',
      resolve: (bill) => bill.billedMicros,
    }),
    booked: t.field({
      type: Money,
      description: 'What stood in the books just before, of the same lines.',
      resolve: (bill) => bill.bookedMicros,
    }),
    difference: t.field({
      type: Money,
      description: 'billed − booked: by how much cost was moved.',
      resolve: (bill) => bill.amountMicros,
    }),
    adjustmentCount: t.int({
      description: 'How many lines differed.',
      resolve: (bill) => bill.adjustmentIds.length,
    }),
    adjustments: t.field({
      type: [CostAdjustment],
      description: 'Those lines, by day and model.',
      args: { first: t.arg.int(FIRST) },
      resolve: async ({ adjustmentIds }, { first }, { loaders }) => {
        const found = await Promise.all(
          firstOf(adjustmentIds, first).map((id) => loaders.costAdjustment(id)),
        );
        return found.filter((each): each is Adjustment => each !== null);
      },
    }),
    reason: t.exposeString('reason', { description: 'Why it was booked.' }),
    actor: t.exposeString('actor', { description: 'Who booked it, as the audit log names them.' }),
    actorName: t.string({
      description: "Who, for people: an admin's e-mail, a key's name, or the actor as it is.",
      resolve: ({ actor }, _args, { loaders }) => loaders.actorName(actor),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was booked.' }),
  }),
});

/** A cursor is an id; what is none is said, since a page that begins nowhere would be empty without a word. */
function cursorOf(path: string, cursor: string | undefined): string | null {
  if (cursor === undefined) return null;
  if (isUuid(cursor)) return cursor;
  throw invalidArgument(path, 'Give a cursor that an answer had.');
}

builder.queryField('reconciliations', (t) =>
  t.connection({
    type: Reconciliation,
    ...needs('profit:read', "Vendors' bills whose differences were booked, the newest first."),
    args: {
      range: t.arg({
        type: TimeRange,
        required: false,
        description: 'Only bills that were booked for any of these days of UTC.',
      }),
      provider: t.arg.string({ required: false, description: 'Only of this provider.' }),
    },
    resolve: (_root, args, { core }) =>
      resolveCursorConnection<Promise<BookedBill[]>>(
        {
          args,
          defaultSize: DEFAULT_PAGE,
          maxSize: MAX_PAGE,
          toCursor: (bill) => bill.id,
        },
        ({ before, after, limit, inverted }) =>
          core.reconciliation.bookedBills({
            from: args.range?.from ?? new Date(0),
            to: args.range?.to ?? core.clock.now(),
            provider: args.provider ?? null,
            above: cursorOf('before', before),
            below: cursorOf('after', after),
            limit,
            oldestFirst: inverted,
          }),
      ),
  }),
);

const BillLine = builder.objectRef<Compared>('BillLine').implement({
  description: 'A day and a model that the bill or the books have.',
  fields: (t) => ({
    day: t.expose('day', { type: 'DateTime', description: 'Midnight of UTC.' }),
    model: t.exposeString('model', { description: 'provider/name' }),
    operation: t.expose('operation', {
      type: Operation,
      nullable: true,
      description: 'Null where neither the catalogue nor the books know the model.',
    }),
    calls: t.exposeInt('calls', { description: 'How many are booked.' }),
    booked: t.field({
      type: Money,
      nullable: true,
      description: 'Null where the books have nothing.',
      resolve: (line) => line.bookedMicros,
    }),
    billed: t.field({
      type: Money,
      nullable: true,
      description: 'Null where the bill has nothing: booking leaves such a line as it is.',
      resolve: (line) => line.billedMicros,
    }),
    quantity: t.exposeString('quantity', {
      nullable: true,
      description: 'How much the bill says it is of, as decimal text.',
    }),
    difference: t.field({
      type: Money,
      description: 'billed − booked.',
      resolve: (line) => line.differenceMicros,
    }),
    ratio: t.exposeFloat('ratio', {
      nullable: true,
      description: 'billed / booked, for people to read; null where either is missing.',
    }),
  }),
});

const UnreadableRow = builder.objectRef<BillProblem>('UnreadableRow').implement({
  description: 'A row of the bill that cannot be read, or a name that may be several models.',
  fields: (t) => ({
    line: t.exposeInt('line', { description: 'Its line in the file; 0 for a name.' }),
    problem: t.exposeString('problem', { description: 'What would be right.' }),
  }),
});

interface Handed {
  readonly comparison: Comparison;
  /** Null when it was only compared. */
  readonly adjustments: readonly Adjustment[] | null;
}

const BillComparison = builder.objectRef<Handed>('BillComparison').implement({
  description: "A vendor's bill beside the books, and what of it was booked.",
  fields: (t) => ({
    provider: t.string({ description: 'Who billed it.', resolve: ({ comparison }) => comparison.provider }),
    billSha256: t.string({
      description: 'SHA-256 of the bill, in hex: a bill is booked once.',
      resolve: ({ comparison }) => comparison.billSha256,
    }),
    range: t.field({
      type: Range,
      description: 'The days of UTC that were compared.',
      resolve: ({ comparison }) => comparison,
    }),
    rows: t.int({ description: 'Rows of the bill.', resolve: ({ comparison }) => comparison.rows }),
    booked: t.field({
      type: Money,
      description: 'What stood in the books when they were compared, in all.',
      resolve: ({ comparison }) => sumOf(comparison.lines, (line) => line.bookedMicros),
    }),
    billed: t.field({
      type: Money,
      description: 'What the bill says, in all.',
      resolve: ({ comparison }) => sumOf(comparison.lines, (line) => line.billedMicros),
    }),
    difference: t.field({
      type: Money,
      description: 'billed − booked.',
      resolve: ({ comparison }) => sumOf(comparison.lines, (line) => line.differenceMicros),
    }),
    lineCount: t.int({
      description: 'How many lines there are.',
      resolve: ({ comparison }) => comparison.lines.length,
    }),
    lines: t.field({
      type: [BillLine],
      description: 'By day and model.',
      args: { first: t.arg.int(FIRST) },
      resolve: ({ comparison }, { first }) => firstOf(comparison.lines, first),
    }),
    problemCount: t.int({
      description: 'How many problems there are. A bill that has any is not booked.',
      resolve: ({ comparison }) => comparison.problems.length,
    }),
    problems: t.field({
      type: [UnreadableRow],
      description: 'What cannot be read.',
      args: { first: t.arg.int(FIRST) },
      resolve: ({ comparison }, { first }) => firstOf(comparison.problems, first),
    }),
    adjustments: t.field({
      type: [CostAdjustment],
      nullable: true,
      description:
        'What was booked by this request; null when the bill was only compared, and empty when there was nothing to book or the bill had been booked before.',
      args: { first: t.arg.int(FIRST) },
      resolve: ({ adjustments }, { first }) => adjustments && firstOf(adjustments, first),
    }),
  }),
});

const BillPartName = builder.enumType('BillPart', {
  description: 'What a column of a bill says.',
  values: {
    DATE: { description: 'A day or an instant.', value: 'date' },
    MODEL: { description: 'What was used, as the catalogue or the vendor names it.', value: 'model' },
    QUANTITY: { description: 'How much of it; need not be there.', value: 'quantity' },
    AMOUNT: { description: 'Dollars.', value: 'amount' },
  } as const satisfies Record<string, { description: string; value: BillPart }>,
});

const BillColumnInput = builder.inputType('BillColumnInput', {
  description: 'A column whose name is none of those that are known.',
  fields: (t) => ({
    part: t.field({ type: BillPartName, required: true, description: 'What it says.' }),
    name: t.string({ required: true, description: 'Its name in the header.' }),
  }),
});

const BillModelInput = builder.inputType('BillModelInput', {
  description: 'What a name on the bill stands for, where it does not say by itself.',
  fields: (t) => ({
    name: t.string({ required: true, description: 'As it stands on the bill.' }),
    model: t.string({ required: true, description: 'A model of the provider, such as openai/dall-e-3-hd.' }),
  }),
});

const ReconcileBillInput = builder.inputType('ReconcileBillInput', {
  description: "A vendor's bill to be put beside the books.",
  fields: (t) => ({
    provider: t.string({ required: true, description: 'Whose bill it is, such as openai.' }),
    bill: t.string({
      required: true,
      description: `CSV with a header (date,model,quantity,amount), or JSON: the whole file, of at most ${MOST_CHARACTERS.toLocaleString('en')} characters. Larger ones are read on the command line.`,
    }),
    columns: t.field({ type: [BillColumnInput], description: `At most ${PARTS.length}.` }),
    models: t.field({ type: [BillModelInput], description: `At most ${MOST_NAMED}.` }),
    range: t.field({
      type: TimeRange,
      description: 'The days of UTC that count; those of the bill when left out.',
    }),
    book: t.boolean({
      required: true,
      defaultValue: false,
      description: 'Book the differences, once for each bill. Otherwise nothing is changed.',
    }),
    reason: t.string({ description: 'Why, in 1 to 1000 characters; needed to book, and kept for good.' }),
  }),
});

const ReconcileBillResult = builder.unionType('ReconcileBillResult', {
  description: 'The bill beside the books, or why it cannot be read or booked.',
  types: [BillComparison, InvalidInputError],
  resolveType: resolveOutcome('BillComparison'),
});

type Input = (typeof ReconcileBillInput)['$inferInput'];

function problemsOf({ provider, bill, columns, models, range, book, reason }: Input): FieldProblem[] {
  const problems: FieldProblem[] = [];
  if (!/^[a-z0-9][a-z0-9._-]{0,63}$/.test(provider)) {
    problems.push({
      path: 'provider',
      message: 'Give a provider as the catalogue names it, such as openai.',
    });
  }
  if (bill.trim() === '' || bill.length > MOST_CHARACTERS) {
    problems.push({
      path: 'bill',
      message: `Give the bill's text, of 1 to ${MOST_CHARACTERS} characters; \`solvent reconcile FILE\` reads larger ones.`,
    });
  }
  for (const [path, list] of Object.entries({ columns, models })) {
    if (list && list.length > MOST_NAMED) problems.push({ path, message: `Give at most ${MOST_NAMED}.` });
  }
  if (range && range.from >= range.to) {
    problems.push({
      path: 'range.to',
      message: 'It must lie after `from`: a range holds what is from <= t < to.',
    });
  }
  const wrong = book ? reasonProblem(reason ?? '') : null;
  if (wrong) problems.push(wrong);
  return problems;
}

builder.mutationField('reconcileBill', (t) =>
  t.field({
    type: ReconcileBillResult,
    ...needs(
      'admin',
      "Put a vendor's bill beside the books, and book the differences when `book` says so: cost moves, and calls, credits and budgets do not.",
    ),
    args: { input: t.arg({ type: ReconcileBillInput, required: true }) },
    resolve: async (
      _root,
      { input },
      { core, caller },
    ): Promise<Handed | ReturnType<typeof invalidInput>> => {
      if (!caller) throw unauthenticated();
      const problems = problemsOf(input);
      if (problems.length > 0) return invalidInput(problems);
      const { provider, bill, columns, models, range, book, reason } = input;
      const compared = await core.reconciliation.compare({
        provider,
        bytes: bytesOf(bill),
        columns: Object.fromEntries((columns ?? []).map(({ part, name }) => [part, name])),
        models: new Map((models ?? []).map(({ name, model }) => [name, model])),
        from: range?.from,
        to: range?.to,
      });
      if (compared.status === 'unreadable')
        return invalidInput([{ path: 'bill', message: compared.message }]);
      const { comparison } = compared;
      if (!book) return { comparison, adjustments: null };
      const outcome = await core.reconciliation.book(comparison, reason ?? '', caller.actor);
      if (outcome.status === 'booked') return { comparison, adjustments: outcome.adjustments };
      const [first] = comparison.problems;
      const where = first
        ? ` The first: ${first.line > 0 ? `line ${first.line}: ` : ''}${first.problem}`
        : '';
      return invalidInput([{ path: 'bill', message: `${outcome.message}${where}` }]);
    },
  }),
);

async function* bytesOf(text: string): AsyncGenerator<Uint8Array> {
  yield new TextEncoder().encode(text);
}
