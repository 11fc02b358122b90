/**
 * The plan simulator: what a price leaves when its uses have been paid for. It reckons with the costs and prices in
 * force, also of models that are retired, and reserves, sells and changes nothing.
 */
import type { Catalog, FieldProblem, PricedRequest } from '../catalog/index.ts';
import { type Micros, margin, markup, ratio } from '../money.ts';
import type { Operation } from '../providers/index.ts';
import { priceWithFee, usualFee } from './fees.ts';

/** A use to be reckoned with: of a model, or of the cheapest that serves an operation now. */
export interface SimulatedUse {
  readonly model?: string | null | undefined;
  readonly operation?: Operation | null | undefined;
  readonly size?: string | null | undefined;
  readonly quality?: string | null | undefined;
  readonly durationSeconds?: number | null | undefined;
  readonly count: number;
}

/** What is to be reckoned. */
export interface SimulationInput {
  readonly priceMicros: Micros;
  /** That come with the price; null: as many as the uses need. */
  readonly credits: number | null;
  readonly uses: readonly SimulatedUse[];
}

/** What is left of a revenue. */
export interface Result {
  readonly profitMicros: Micros;
  /** profit / revenue. */
  readonly margin: number | null;
  /** profit / cost. */
  readonly markup: number | null;
  /** The least revenue that leaves no loss. */
  readonly breakEvenPriceMicros: Micros;
  /** How many times the cost the revenue pays for: 1 leaves nothing. Null when nothing is billed. */
  readonly breakEvenUse: number | null;
}

/** A cost against a revenue, before and after the usual payment fee. */
export interface Figures {
  readonly costMicros: Micros;
  readonly revenueMicros: Micros;
  readonly feeMicros: Micros;
  readonly beforeFees: Result;
  readonly afterFees: Result;
}

/** One use of a plan. Its revenue and fee are its share of the whole, by credits. */
export interface SimulatedLine extends Figures {
  readonly model: string;
  readonly operation: Operation;
  /** With every default filled in; its count is that of one call. */
  readonly request: PricedRequest;
  readonly count: number;
  readonly unitCostMicros: Micros;
  /** Null when the active list has no price. */
  readonly unitCredits: number | null;
  readonly credits: number | null;
}

/** One way in which the active list sells a model, and what it earns by the plan's own price for a credit. */
export interface ModelMargin {
  readonly model: string;
  readonly operation: Operation;
  readonly retired: boolean;
  readonly size: string | null;
  readonly quality: string | null;
  readonly durationSeconds: number | null;
  readonly credits: number;
  readonly costMicros: Micros;
  /** When a credit sells for the least, and for the most, that the list allows. */
  readonly marginLeast: number | null;
  readonly marginMost: number | null;
  /** When a credit sells for what the plan asks; null without credits. */
  readonly marginOfPlan: number | null;
}

/** All credits spent in one way. */
export interface Extreme extends Figures {
  readonly model: string;
  /** How many uses the credits pay for. */
  readonly uses: number;
}

/** What a plan comes to. */
export interface Simulation extends Figures {
  /** That come with the price, or that the uses need. Null when there are none, or a use has no price. */
  readonly credits: number | null;
  /** That all uses need by the active list; null when one of them has no price. */
  readonly creditsNeeded: number | null;
  /** Needed and not included; 0 when there are enough. Null as creditsNeeded is. */
  readonly creditsMissing: number | null;
  /** What one credit sells for, rounded down to the micro. */
  readonly creditMicros: Micros | null;
  readonly lines: readonly SimulatedLine[];
  readonly models: readonly ModelMargin[];
  /** All credits spent on what leaves the least, and the most, of the models that are sold now; null without credits. */
  readonly worst: Extreme | null;
  readonly best: Extreme | null;
}

export type SimulateOutcome =
  | { readonly status: 'simulated'; readonly simulation: Simulation }
  | { readonly status: 'invalid'; readonly fields: readonly FieldProblem[] };

/** The most that an account can hold, which also fits what callers are told them as. */
const MOST_CREDITS = 2_000_000_000;

/** As much of the catalogue as is asked. */
export type Appraising = Pick<Catalog, 'appraise' | 'candidates' | 'models'>;

/** Reckons a plan. Money is exact; ratios are of exact figures, rounded once for people to read. */
export function simulate(catalog: Appraising, input: SimulationInput): SimulateOutcome {
  const fields: FieldProblem[] = [];
  const uses = input.uses.flatMap((use, index) => {
    const found = appraise(catalog, use);
    if ('unitCostMicros' in found) return [found];
    fields.push(...found.map(({ path, message }) => ({ path: `uses.${index}.${path}`, message })));
    return [];
  });
  if (uses.reduce((sum, use) => sum + (use.credits ?? 0), 0) > MOST_CREDITS) {
    fields.push({ path: 'uses', message: `Together they need more than ${MOST_CREDITS} credits.` });
  }
  if (fields.length > 0) return { status: 'invalid', fields };

  const { priceMicros } = input;
  const creditsNeeded = uses.every((use) => use.credits !== null)
    ? uses.reduce((sum, { credits }) => sum + (credits ?? 0), 0)
    : null;
  const credits = input.credits ?? (creditsNeeded || null);
  const costMicros = uses.reduce((sum, use) => sum + use.unitCostMicros * BigInt(use.count), 0n);
  const models = marginsOf(catalog, credits === null ? null : { priceMicros, credits });
  const extremes = credits === null ? [] : extremesOf(models, priceMicros, credits);
  return {
    status: 'simulated',
    simulation: {
      ...figures(priceMicros, usualFee(priceMicros), costMicros),
      credits,
      creditsNeeded,
      creditsMissing: creditsNeeded === null ? null : Math.max(0, creditsNeeded - (credits ?? 0)),
      creditMicros: credits === null ? null : priceMicros / BigInt(credits),
      lines: linesOf(uses, priceMicros),
      models,
      worst: extremes[0] ?? null,
      best: extremes.at(-1) ?? null,
    },
  };
}

type Appraised = Omit<SimulatedLine, keyof Figures>;

function appraise(catalog: Appraising, use: SimulatedUse): Appraised | readonly FieldProblem[] {
  const { size, quality, durationSeconds, operation, count } = use;
  const request = { size, quality, durationSeconds };
  const cheapest =
    use.model == null && operation != null
      ? catalog.candidates({ operation, ...request, hasImage: true })[0]
      : null;
  const model = use.model ?? cheapest?.model;
  if (model == null) {
    const message =
      operation == null
        ? 'Say which model, or which operation.'
        : `Nothing that serves ${operation} at present takes these arguments; name a model.`;
    return [{ path: operation == null ? 'model' : 'operation', message }];
  }
  const found = catalog.appraise(model, request);
  if (found.status === 'invalid') return found.fields;
  if (found.status === 'unpriced') return [{ path: 'model', message: found.message }];
  if (operation != null && operation !== found.operation) {
    return [
      {
        path: 'operation',
        message: `${found.model} is for ${found.operation}; leave it out, or name another model.`,
      },
    ];
  }
  return {
    model: found.model,
    operation: found.operation,
    request: found.request,
    count,
    unitCostMicros: found.costMicros,
    unitCredits: found.credits,
    credits: found.credits === null ? null : found.credits * count,
  };
}

/** A cost against a revenue that bears a fee. */
function figures(revenueMicros: Micros, feeMicros: Micros, costMicros: Micros): Figures {
  return {
    costMicros,
    revenueMicros,
    feeMicros,
    beforeFees: {
      profitMicros: revenueMicros - costMicros,
      margin: margin(revenueMicros, costMicros),
      markup: markup(revenueMicros, costMicros),
      breakEvenPriceMicros: costMicros,
      breakEvenUse: ratio(revenueMicros, costMicros),
    },
    afterFees: {
      profitMicros: revenueMicros - feeMicros - costMicros,
      margin: ratio(revenueMicros - feeMicros - costMicros, revenueMicros),
      markup: ratio(revenueMicros - feeMicros - costMicros, costMicros),
      breakEvenPriceMicros: priceWithFee(costMicros),
      breakEvenUse: ratio(revenueMicros - feeMicros, costMicros),
    },
  };
}

/**
 * Shares the price and its fee out among the uses, so that the parts add up to the micro: by credits, since they are what
 * the price buys; by cost where one of them has no price; and by number where nothing is billed either.
 */
function linesOf(uses: readonly Appraised[], priceMicros: Micros): SimulatedLine[] {
  const costOf = ({ unitCostMicros, count }: Appraised) => unitCostMicros * BigInt(count);
  const weights = [
    uses.map(({ credits }) => (uses.some((use) => use.credits === null) ? 0n : BigInt(credits ?? 0))),
    uses.map(costOf),
    uses.map(({ count }) => BigInt(count)),
  ].find((candidate) => candidate.some((weight) => weight > 0n));
  const total = weights?.reduce((sum, weight) => sum + weight, 0n) ?? 0n;
  const feeMicros = usualFee(priceMicros);
  let upto = 0n;
  return uses.map((use, index) => {
    const before = upto;
    upto += weights?.[index] ?? 0n;
    const share = (whole: Micros) => (total === 0n ? 0n : (whole * upto) / total - (whole * before) / total);
    const cost = costOf(use);
    const line = figures(share(priceMicros), share(feeMicros), cost);
    // The fixed part of a fee is paid once: what a use has to earn is its cost and its share of the fee.
    const afterFees = { ...line.afterFees, breakEvenPriceMicros: cost + line.feeMicros };
    return { ...use, ...line, afterFees };
  });
}

function marginsOf(
  catalog: Appraising,
  plan: { readonly priceMicros: Micros; readonly credits: number } | null,
): ModelMargin[] {
  return catalog.models().flatMap((card) =>
    card.prices.map((price) => ({
      model: card.id,
      operation: card.operation,
      retired: card.retired,
      size: price.size,
      quality: price.quality,
      durationSeconds: price.durationSeconds,
      credits: price.credits,
      costMicros: price.costMicros,
      marginLeast: price.margin,
      marginMost: price.marginMax,
      // Multiplied out, so that a price which does not divide by its credits is not rounded before.
      marginOfPlan: plan
        ? margin(plan.priceMicros * BigInt(price.credits), price.costMicros * BigInt(plan.credits))
        : null,
    })),
  );
}

/** Every way to spend all credits on one model that is sold now, that which leaves the least first. */
function extremesOf(models: readonly ModelMargin[], priceMicros: Micros, credits: number): Extreme[] {
  const feeMicros = usualFee(priceMicros);
  return models
    .filter((model) => !model.retired && model.credits > 0 && model.credits <= credits)
    .map((model) => {
      const uses = Math.floor(credits / model.credits);
      return {
        model: model.model,
        uses,
        ...figures(priceMicros, feeMicros, model.costMicros * BigInt(uses)),
      };
    })
    .sort((one, other) =>
      one.costMicros === other.costMicros ? 0 : one.costMicros > other.costMicros ? -1 : 1,
    );
}
