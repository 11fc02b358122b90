/** Puts a bill beside the books. */
import { formatDecimal, type Micros, ratio } from '../money.ts';
import type { Operation } from '../providers/index.ts';
import type { Bill, BillProblem } from './bill.ts';
import type { Booked, KnownModel } from './statements.ts';

/** A model and a day of a bill beside the books. */
export interface Compared {
  /** Midnight of UTC. */
  readonly day: Date;
  /** `provider/name`. */
  readonly model: string;
  /** Null where neither the catalogue nor the books know the model. */
  readonly operation: Operation | null;
  readonly calls: number;
  /** Null where the books have nothing. */
  readonly bookedMicros: Micros | null;
  /** Null where the bill has nothing. */
  readonly billedMicros: Micros | null;
  readonly quantity: string | null;
  /** billed − booked. */
  readonly differenceMicros: Micros;
  /** billed ÷ booked; null where nothing is booked. */
  readonly ratio: number | null;
}

/** A disagreement that an operator should know of, in the words of an alert of the kind BILL_MISMATCH. */
export interface BillMismatch {
  /** The model. */
  readonly subject: string;
  /** The day. */
  readonly window: string;
  readonly title: string;
  readonly detail: string;
}

/** What somebody has said of a vendor's names of models. */
export type ModelNames = ReadonlyMap<string, string>;

/** Finds our model for a name on a bill. */
export function createNaming(
  provider: string,
  known: readonly KnownModel[],
  booked: readonly Booked[],
  said: ModelNames,
): (name: string) => string | { readonly problem: string } {
  const full = (name: string) => (name.startsWith(`${provider}/`) ? name : `${provider}/${name}`);
  const inBooks = new Set(booked.map(({ model }) => model));
  return (name) => {
    const named = said.get(name);
    if (named !== undefined) return full(named);
    if (inBooks.has(full(name)) || known.some(({ id }) => id === full(name))) return full(name);
    const candidates = known.filter(({ vendorModel }) => vendorModel === name).map(({ id }) => id);
    const used = candidates.filter((id) => inBooks.has(id));
    const [only] = used.length === 1 ? used : candidates;
    if (candidates.length === 0 || only === undefined) return full(name);
    if (used.length === 1 || candidates.length === 1) return only;
    return {
      problem: `"${name}" may be any of ${candidates.join(', ')}: say which it stands for, such as "${name}=${candidates[0]}"`,
    };
  };
}

const keyOf = (day: Date, model: string) => `${day.toISOString().slice(0, 10)} ${model}`;

/** Every model and day that the bill or the books have, by day; and names that could be several models. */
export function compare(
  bill: Bill,
  booked: readonly Booked[],
  naming: ReturnType<typeof createNaming>,
  known: readonly KnownModel[],
): { readonly lines: Compared[]; readonly problems: BillProblem[] } {
  const problems = new Map<string, BillProblem>();
  const billed = new Map<
    string,
    { day: Date; model: string; amountMicros: Micros; quantity: string | null }
  >();
  for (const line of bill.lines) {
    const model = naming(line.model);
    if (typeof model !== 'string') {
      problems.set(line.model, { line: 0, problem: model.problem });
      continue;
    }
    const key = keyOf(line.day, model);
    const before = billed.get(key);
    // Names of one model: amounts add up, and quantities of different things do not.
    billed.set(key, {
      day: line.day,
      model,
      amountMicros: line.amountMicros + (before?.amountMicros ?? 0n),
      quantity: before ? null : line.quantity,
    });
  }
  const operations = booked.map(({ model, operation }) => ({ id: model, operation }));
  const books = new Map(booked.map((line) => [keyOf(line.day, line.model), line]));
  const lines = [...new Set([...billed.keys(), ...books.keys()])].sort().flatMap((key): Compared[] => {
    const asked = billed.get(key);
    const stands = books.get(key);
    const line = asked ?? stands;
    if (!line) return [];
    const billedMicros = asked?.amountMicros ?? null;
    const bookedMicros = stands?.costMicros ?? null;
    return [
      {
        day: line.day,
        model: line.model,
        operation:
          stands?.operation ??
          [...known, ...operations].find(({ id }) => id === line.model)?.operation ??
          null,
        calls: stands?.calls ?? 0,
        bookedMicros,
        billedMicros,
        quantity: asked?.quantity ?? null,
        differenceMicros: (billedMicros ?? 0n) - (bookedMicros ?? 0n),
        ratio: billedMicros === null || bookedMicros === null ? null : ratio(billedMicros, bookedMicros),
      },
    ];
  });
  return { lines, problems: [...problems.values()] };
}

/** Less than a cent a day is what rounding makes. */
const NOTED_MICROS = 10_000n;

/** The lines of which an operator should know. */
export function mismatchesOf(provider: string, lines: readonly Compared[]): BillMismatch[] {
  return lines.flatMap(({ day, model, billedMicros, bookedMicros, differenceMicros }) => {
    const size = differenceMicros < 0n ? -differenceMicros : differenceMicros;
    if (size < NOTED_MICROS) return [];
    const date = day.toISOString().slice(0, 10);
    const billed = billedMicros === null ? 'nothing' : `$${formatDecimal(billedMicros)}`;
    const booked = bookedMicros === null ? 'nothing' : `$${formatDecimal(bookedMicros)}`;
    return [
      {
        subject: model,
        window: date,
        title: `${provider} billed ${billed} for ${model} on ${date}, and ${booked} is booked`,
        detail: `The difference is $${formatDecimal(differenceMicros)}. Compare the catalogue's cost with the vendor's price; solvent reconcile --book books the difference.`,
      },
    ];
  });
}
