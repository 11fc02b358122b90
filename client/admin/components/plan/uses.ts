/** Uses of models, as plans include them, the simulator reckons with them and addresses say them. */
import type { PlanUseInput } from '../../gql/graphql.ts';

/** So many uses of a model; a variant that is left out is the model's default. */
export interface Use {
  readonly model: string;
  readonly count: number;
  readonly size?: string;
  readonly quality?: string;
  readonly durationSeconds?: number;
}

/** A use as the API has it, where what is not said is null. */
interface SaidUse {
  readonly model: string;
  readonly count: number;
  readonly size?: string | null;
  readonly quality?: string | null;
  readonly durationSeconds?: number | null;
}

export function toUse({ model, count, size, quality, durationSeconds }: SaidUse): Use {
  return {
    model,
    count,
    ...(size ? { size } : {}),
    ...(quality ? { quality } : {}),
    ...(durationSeconds ? { durationSeconds } : {}),
  };
}

/** As a mutation or a query takes them. */
export const inputOf = (uses: readonly Use[]): PlanUseInput[] => uses.map((use) => ({ ...use }));

const MOST_USES = 50;

const isText = (value: unknown): value is string => typeof value === 'string' && value !== '';
const isWhole = (value: unknown): value is number => Number.isInteger(value) && Number(value) >= 0;

/** Reads uses from an address; one that cannot be is left out. */
export function readUses(raw: unknown): readonly Use[] | undefined {
  if (!Array.isArray(raw)) return undefined;
  return raw.slice(0, MOST_USES).flatMap((each: unknown) => {
    if (typeof each !== 'object' || each === null) return [];
    const { model, count, size, quality, durationSeconds } = each as Record<string, unknown>;
    if (!isText(model) || !isWhole(count)) return [];
    return [
      toUse({
        model,
        count,
        size: isText(size) ? size : null,
        quality: isText(quality) ? quality : null,
        durationSeconds: isWhole(durationSeconds) ? durationSeconds : null,
      }),
    ];
  });
}
