/** Credits that an operator takes back. */
import type { Revocation as RevocationRecord } from '../server/ledger/index.ts';
import { Grant } from './account.ts';
import { builder, needs } from './builder.ts';
import { notFound, unauthenticated } from './errors.ts';
import { hashText } from './hash.ts';
import { decodeId, encodeId } from './node-ids.ts';
import {
  IdempotencyConflictError,
  InvalidInputError,
  idempotencyConflict,
  invalidInput,
  NotFoundError,
  notFoundOutcome,
  resolveOutcome,
} from './outcome.ts';
import { reasonProblem } from './reason.ts';

const Revocation = builder.objectRef<RevocationRecord>('Revocation').implement({
  description: 'Credits that were taken back. No account goes below zero by it.',
  fields: (t) => ({
    id: t.id({ description: 'Of this revocation.', resolve: (one) => encodeId('Revocation', one.id) }),
    grant: t.field({
      type: Grant,
      description: 'As it stands now.',
      resolve: async (one, _args, { core }) => {
        const grant = await core.database.prisma.grant.findUnique({ where: { id: one.grantId } });
        if (!grant) throw notFound('The grant is gone.');
        return grant;
      },
    }),
    credits: t.exposeInt('credits', { description: 'How many were to be taken back.' }),
    revoked: t.exposeInt('revoked', { description: 'How many were taken back at once.' }),
    pending: t.exposeInt('pending', {
      description:
        'How many calls under way held then: they are taken back as far as those calls release them; what they burn stays burned.',
    }),
    reason: t.exposeString('reason', { description: 'Why.' }),
    createdAt: t.field({ type: 'DateTime', description: 'When.', resolve: (one) => one.at }),
  }),
});

const RevokeCreditsInput = builder.inputType('RevokeCreditsInput', {
  description: 'Credits of one grant to be taken back, once under its key.',
  fields: (t) => ({
    idempotencyKey: t.field({
      type: 'IdempotencyKey',
      required: true,
      description: 'Unique for this revocation.',
    }),
    grantId: t.id({ required: true, description: 'Of which grant.' }),
    credits: t.int({
      required: true,
      description: 'How many at the most; what is left of the grant bounds them.',
    }),
    reason: t.string({ required: true, description: 'Why; it is kept in the ledger and the audit log.' }),
  }),
});

const RevokeCreditsResult = builder.unionType('RevokeCreditsResult', {
  types: [Revocation, InvalidInputError, IdempotencyConflictError, NotFoundError],
  resolveType: resolveOutcome('Revocation'),
});

const MOST_CREDITS = 1_000_000_000;

builder.mutationField('revokeCredits', (t) =>
  t.field({
    type: RevokeCreditsResult,
    ...needs('credits:write', 'Take back what is left of a grant, once under an idempotency key.'),
    args: { input: t.arg({ type: RevokeCreditsInput, required: true }) },
    resolve: async (_root, { input }, { core, caller }) => {
      if (!caller) throw unauthenticated();
      const reason = reasonProblem(input.reason);
      const fields = reason ? [reason] : [];
      if (input.credits < 1 || input.credits > MOST_CREDITS) {
        fields.push({ path: 'credits', message: `Give 1 to ${MOST_CREDITS} credits.` });
      }
      if (fields.length > 0) return invalidInput(fields);
      const missing = notFoundOutcome(`There is no grant ${input.grantId.slice(0, 60)}.`);
      const grantId = decodeId('Grant', input.grantId);
      if (!grantId) return missing;
      const outcome = await core.ledger.revoke({
        grantId,
        namespace: caller.namespace,
        key: input.idempotencyKey,
        inputHash: hashText(['revoke', grantId, input.credits, input.reason]),
        credits: input.credits,
        reason: input.reason,
        actor: caller.actor,
      });
      switch (outcome.status) {
        case 'grant-not-found':
          return missing;
        case 'conflict':
          return idempotencyConflict(input.idempotencyKey);
        case 'nothing-left':
          return invalidInput([
            { path: 'grantId', message: 'Nothing of this grant is left to be taken back.' },
          ]);
        default: {
          const { accountId } = outcome.revocation;
          const balance = await core.ledger.balance(accountId);
          if (balance) core.live.publish('balance', accountId, balance);
          return outcome.revocation;
        }
      }
    },
  }),
);
