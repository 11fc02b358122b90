/** Values of the schema's enums as lists, for readers of search parameters and for choices. */

/** What can be asked for. */
export const OPERATIONS = [
  'GENERATE_IMAGE',
  'GENERATE_VIDEO',
  'UPSCALE_IMAGE',
  'REMOVE_BACKGROUND',
  'VECTORIZE_IMAGE',
  'DUB_VIDEO',
] as const;

/** Whose calls. */
export const TIERS = ['FREE', 'PAYG', 'BASIC', 'STARTER', 'CREATOR', 'PRO'] as const;
