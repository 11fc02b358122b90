/** The versions of plans and packs: what was sold, is sold and will be, and how one is taken back before it begins. */
import type { Cancellation, CancelOutcome, PackOffer, PlanOffer, Version } from '../server/plans/index.ts';
import { builder, needs } from './builder.ts';
import type { Context } from './context.ts';
import { DatedState } from './enums.ts';
import { decodeId, encodeId, type NodeType } from './node-ids.ts';
import { InvalidInputError, NotFoundError, resolveOutcome } from './outcome.ts';
import { Pack, Plan } from './plan.ts';
import { takeBack, takeBackInput } from './take-back.ts';

const RETIRED = 'Whether it ends the sale: from then on nothing is sold.';
const WRITTEN = 'When somebody wrote it. Of two for one instant the one that was written later holds.';

const PlanVersion = builder.objectRef<Version<PlanOffer>>('PlanVersion').implement({
  description:
    'What a plan costs and gives from an instant on, for one interval. Written once, never changed.',
  fields: (t) => ({
    id: t.id({
      description: 'Of this version.',
      resolve: ({ offer }) => encodeId('PlanVersion', offer.versionId),
    }),
    plan: t.field({ type: Plan, description: 'The figures.', resolve: ({ offer }) => offer }),
    state: t.expose('state', { type: DatedState, description: 'Whether it holds now.' }),
    retired: t.exposeBoolean('retired', { description: RETIRED }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: WRITTEN }),
  }),
});

const PackVersion = builder.objectRef<Version<PackOffer>>('PackVersion').implement({
  description: 'What a pack costs and gives from an instant on. Written once, never changed.',
  fields: (t) => ({
    id: t.id({
      description: 'Of this version.',
      resolve: ({ offer }) => encodeId('PackVersion', offer.versionId),
    }),
    pack: t.field({ type: Pack, description: 'The figures.', resolve: ({ offer }) => offer }),
    state: t.expose('state', { type: DatedState, description: 'Whether it holds now.' }),
    retired: t.exposeBoolean('retired', { description: RETIRED }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: WRITTEN }),
  }),
});

builder.queryFields((t) => ({
  planVersions: t.field({
    type: [PlanVersion],
    ...needs('profit:read', 'Every version of the plans of the active price list, the newest first.'),
    resolve: (_root, _args, { core }) => core.plans.planVersions(),
  }),
  packVersions: t.field({
    type: [PackVersion],
    ...needs('profit:read', 'Every version of the packs of the active price list, the newest first.'),
    resolve: (_root, _args, { core }) => core.plans.packVersions(),
  }),
}));

const CancelVersionInput = takeBackInput(
  'CancelVersionInput',
  'A version that is still to come, to be taken back.',
  'version',
);

const CancelPlanVersionResult = builder.unionType('CancelPlanVersionResult', {
  description: 'The plan as it will not be sold, or what cannot be.',
  types: [Plan, InvalidInputError, NotFoundError],
  resolveType: resolveOutcome('Plan'),
});
const CancelPackVersionResult = builder.unionType('CancelPackVersionResult', {
  description: 'The pack as it will not be sold, or what cannot be.',
  types: [Pack, InvalidInputError, NotFoundError],
  resolveType: resolveOutcome('Pack'),
});

const cancel = <Offer extends object>(
  input: (typeof CancelVersionInput)['$inferInput'],
  type: NodeType,
  context: Context,
  take: (cancellation: Cancellation) => Promise<CancelOutcome<Offer>>,
) =>
  takeBack(input, context, 'version', async (asked) => {
    const versionId = decodeId(type, input.id);
    const outcome = versionId && (await take({ versionId, ...asked }));
    return outcome && outcome.status === 'canceled' ? outcome.offer : null;
  });

builder.mutationFields((t) => {
  const args = { input: t.arg({ type: CancelVersionInput, required: true }) };
  const when = 'before it begins, also one that ends its sale. What has begun stands for good.';
  return {
    cancelPlanVersion: t.field({
      type: CancelPlanVersionResult,
      ...needs('admin', `Take back a version of a plan ${when}`),
      args,
      resolve: (_root, { input }, context) =>
        cancel(input, 'PlanVersion', context, context.core.plans.cancelPlanVersion),
    }),
    cancelPackVersion: t.field({
      type: CancelPackVersionResult,
      ...needs('admin', `Take back a version of a pack ${when}`),
      args,
      resolve: (_root, { input }, context) =>
        cancel(input, 'PackVersion', context, context.core.plans.cancelPackVersion),
    }),
  };
});
