/**
 * Values of the schema's enums as lists, for readers of search parameters and for choices. The schema's types are all that a browser has
 * of them, and see to it that none is missing or made up.
 */
import type { Operation, Tier } from './gql/graphql.ts';

/** What can be asked for. */
export const OPERATIONS = Object.keys({
  GENERATE_IMAGE: true,
  GENERATE_VIDEO: true,
  UPSCALE_IMAGE: true,
  REMOVE_BACKGROUND: true,
  VECTORIZE_IMAGE: true,
  DUB_VIDEO: true,
} satisfies Record<Operation, true>) as readonly Operation[];

/** Whose calls. */
export const TIERS = Object.keys({
  FREE: true,
  PAYG: true,
  BASIC: true,
  STARTER: true,
  CREATOR: true,
  PRO: true,
} satisfies Record<Tier, true>) as readonly Tier[];
