/** Credits that an operator takes back. */
import type {
  RevocationPreview as PreviewRecord,
  Revocation as RevocationRecord,
} from '../server/ledger/index.ts';
import { Grant } from './account.ts';
import { builder, needs } from './builder.ts';
import { invalidArgument, notFound, unauthenticated } from './errors.ts';
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
import { Money } from './scalars.ts';

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
  description: 'What was taken back, or why nothing was.',
  types: [Revocation, InvalidInputError, IdempotencyConflictError, NotFoundError],
  resolveType: resolveOutcome('Revocation'),
});

const MOST_CREDITS = 1_000_000_000;

const RevocationPreview = builder.objectRef<PreviewRecord>('RevocationPreview').implement({
  description: 'What a revocation would take at this instant. Nothing is taken.',
  fields: (t) => ({
    revoked: t.exposeInt('revoked', { description: 'Credits that would be taken at once.' }),
    pending: t.exposeInt('pending', {
      description:
        'Credits that calls under way hold: they would be taken as far as those calls release them.',
    }),
    unearned: t.field({
      type: Money,
      description:
        'What those that are taken at once have yet to earn: it leaves deferred revenue as clawed back.',
      resolve: (preview) => preview.unearnedMicros,
    }),
    pendingUnearned: t.field({
      type: Money,
      description: 'What those that wait have yet to earn.',
      resolve: (preview) => preview.pendingMicros,
    }),
  }),
});

builder.queryField('previewRevocation', (t) =>
  t.field({
    type: RevocationPreview,
    nullable: true,
    ...needs(
      'profit:read',
      'What taking back credits of a grant would come to; null when there is no such grant.',
    ),
    args: {
      grantId: t.arg.id({ required: true, description: 'Of which grant.' }),
      credits: t.arg.int({ required: true, description: 'How many at the most; from 1.' }),
    },
    resolve: (_root, args, { core }) => {
      if (args.credits < 1 || args.credits > MOST_CREDITS) {
        throw invalidArgument('credits', `Give 1 to ${MOST_CREDITS} credits.`);
      }
      const grantId = decodeId('Grant', args.grantId);
      return grantId ? core.ledger.previewRevocation(grantId, args.credits) : null;
    },
  }),
);

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
