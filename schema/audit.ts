/** The audit log: who changed what, when and why. */
import { builder, needs } from './builder.ts';
import { encodeId, type NodeType } from './node-ids.ts';

/** What the id of an action's subject is of, and by which kind of actor its name is known. */
interface Subject {
  readonly type?: NodeType;
  readonly actor?: 'account' | 'admin' | 'key';
}

const ACCOUNT: Subject = { type: 'Account', actor: 'account' };

/** By the word before the action's dot. What is not here is no id, but a name or a word: a model, a plan. */
const SUBJECTS: Readonly<Record<string, Subject>> = {
  account: ACCOUNT,
  admin: { actor: 'admin' },
  'alert-channel': { type: 'AlertChannel' },
  'alert-delivery': { type: 'AlertDelivery' },
  'api-key': { type: 'ApiKey', actor: 'key' },
  budget: { type: 'Budget' },
  credits: ACCOUNT,
  output: { type: 'Output' },
  payment: { type: 'Payment' },
  referral: ACCOUNT,
  'top-up': ACCOUNT,
};

const subjectOf = (action: string): Subject => SUBJECTS[action.slice(0, action.indexOf('.'))] ?? {};

const AuditLogEntry = builder.prismaNode('AuditLog', {
  name: 'AuditLogEntry',
  nullable: true,
  id: { field: 'id' },
  description: 'Something that somebody, or the server by itself, has changed. Written once, never changed.',
  authScopes: { scope: 'admin' },
  fields: (t) => ({
    at: t.expose('at', { type: 'DateTime', description: 'When.' }),
    actor: t.exposeString('actor', {
      description: 'Who: `admin:<id>`, `key:<id>`, or a part of the server such as `budget` or `system`.',
    }),
    actorName: t.string({
      description:
        "Who, for people: an admin's e-mail, a key's name, your own id of an account, or the actor as it is.",
      resolve: (entry, _args, context) => context.loaders.actorName(entry.actor),
    }),
    action: t.exposeString('action', { description: 'What, such as `budget.set`.' }),
    subject: t.string({
      nullable: true,
      description: 'Of what: an id, where the action has one.',
      resolve: ({ action, subject }) => {
        const { type } = subjectOf(action);
        return subject !== null && type ? encodeId(type, subject) : subject;
      },
    }),
    subjectName: t.string({
      nullable: true,
      description:
        "The same for people: your own id of an account, an admin's e-mail, a key's name. Null where it has no name but its id.",
      resolve: async ({ action, subject }, _args, context) => {
        const { actor } = subjectOf(action);
        if (subject === null || !actor) return null;
        const id = `${actor}:${subject}`;
        const name = await context.loaders.actorName(id);
        return name === id ? null : name;
      },
    }),
    reason: t.exposeString('reason', { nullable: true, description: 'Why, where somebody said so.' }),
    detail: t.expose('detail', {
      type: 'JSON',
      nullable: true,
      description: 'What it was set to. Amounts are whole micro-dollars.',
    }),
  }),
});

builder.queryField('auditLog', (t) =>
  t.prismaConnection({
    type: AuditLogEntry,
    cursor: 'id',
    ...needs('admin', 'What has been changed, the newest first.'),
    args: {
      action: t.arg.string({
        required: false,
        description: 'Only actions that begin so: `budget`, `api-key.created`.',
      }),
      actor: t.arg.string({ required: false, description: 'Only of this actor.' }),
      subject: t.arg.string({
        required: false,
        description: 'Only of this subject, by its id as the outside has it.',
      }),
    },
    resolve: (query, _root, { action, actor, subject }, context) =>
      context.core.database.prisma.auditLog.findMany({
        ...query,
        orderBy: [{ at: 'desc' }, { id: 'desc' }],
        where: {
          ...(action ? { action: { startsWith: action } } : {}),
          ...(actor ? { actor } : {}),
          // An id of the outside is the database's after its prefix.
          ...(subject ? { subject: subject.replace(/^[a-z]{3}_/, '') } : {}),
        },
      }),
  }),
);
