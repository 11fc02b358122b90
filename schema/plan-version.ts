/** The versions of plans and packs: what was sold, is sold and will be. */
import type { PackOffer, PlanOffer, Version } from '../server/plans/index.ts';
import { builder, needs } from './builder.ts';
import { DatedState } from './enums.ts';
import { encodeId } from './node-ids.ts';
import { Pack, Plan } from './plan.ts';

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
