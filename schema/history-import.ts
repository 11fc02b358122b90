/** Files of history: announced here, sent in parts over HTTP, looked at, and imported when an admin says so. */
import type { ToldReject } from '../server/history/index.ts';
import { margin } from '../server/money.ts';
import { builder, needs } from './builder.ts';
import type { Context } from './context.ts';
import { invalidArgument, notFound, unauthenticated } from './errors.ts';
import { decodeId, encodeId, idHint } from './node-ids.ts';
import { InvalidInputError, invalidInput, resolveOutcome } from './outcome.ts';
import { Money } from './scalars.ts';

const HistoryImportState = builder.enumType('HistoryImportState', {
  description: 'How far a file of history has come.',
  values: {
    UPLOADING: { description: 'Parts of it are still to come: PUT them to its `partsPath`.' },
    CHECKING: { description: 'It is looked at; nothing is booked.' },
    CHECKED: { description: 'Its figures say what would be: `startHistoryImport` imports it.' },
    IMPORTING: { description: 'It is being booked.' },
    IMPORTED: { description: 'All of its rows are in the books, but for those that were rejected.' },
    FAILED: {
      description:
        'It cannot be read, or not to its end. When it was being imported, what stands before that place is.',
    },
  } as const,
});

const HistoryImportReject = builder.objectRef<ToldReject>('HistoryImportReject').implement({
  description: 'A row that is not imported.',
  fields: (t) => ({
    line: t.exposeInt('line', {
      description: "Where in the file, counted from 1; of a SQLite file the row's number.",
    }),
    problem: t.exposeString('problem', { description: 'What is wrong, and what would be right.' }),
  }),
});

/** The most rejected rows that are told here; all of them are in the file. */
const MOST_REJECTS = 100;

const HistoryImport = builder.prismaNode('HistoryImport', {
  id: { field: 'id' },
  nullable: true,
  description: 'A file of history that an admin sends, and what came of it.',
  authScopes: { scope: 'admin' },
  fields: (t) => ({
    state: t.expose('state', { type: HistoryImportState, description: 'How far it has come.' }),
    fileName: t.exposeString('fileName', { description: 'What it was called where it was sent from.' }),
    fileBytes: t.int({ description: 'Its size.', resolve: ({ fileBytes }) => Number(fileBytes) }),
    receivedBytes: t.int({
      description: 'How much of it is here: the next part begins there.',
      resolve: ({ receivedBytes }) => Number(receivedBytes),
    }),
    readBytes: t.int({
      description: 'How much of it has been read, while it is checked or imported.',
      resolve: ({ readBytes }) => Number(readBytes),
    }),
    rows: t.exposeInt('rows', { description: 'Rows that were read.' }),
    added: t.exposeInt('added', { description: 'Rows that are new in the books, or would be.' }),
    present: t.exposeInt('present', { description: 'Rows that were there before, with the same figures.' }),
    rejected: t.exposeInt('rejected', { description: 'Rows that cannot be imported.' }),
    cost: t.field({
      type: Money,
      description: 'What the rows cost that are new or were there before.',
      resolve: ({ costMicros }) => costMicros,
    }),
    revenue: t.field({
      type: Money,
      description: 'What they earned.',
      resolve: ({ revenueMicros }) => revenueMicros,
    }),
    profit: t.field({
      type: Money,
      description: 'revenue − cost',
      resolve: ({ costMicros, revenueMicros }) => revenueMicros - costMicros,
    }),
    margin: t.float({
      nullable: true,
      description: 'profit / revenue, for people to read; null without revenue.',
      resolve: ({ costMicros, revenueMicros }) => margin(revenueMicros, costMicros),
    }),
    problem: t.exposeString('problem', {
      nullable: true,
      description: 'Why it cannot be read, or not to its end.',
    }),
    rejects: t.field({
      type: [HistoryImportReject],
      description: 'The first rows that are rejected, in the order of the file.',
      args: { first: t.arg.int({ defaultValue: 20, description: `At most ${MOST_REJECTS}.` }) },
      resolve: ({ id }, { first }, context) => {
        const limit = first ?? 20;
        if (limit < 1 || limit > MOST_REJECTS) throw invalidArgument('first', `Give 1 to ${MOST_REJECTS}.`);
        return context.core.imports.rejects(id, limit);
      },
    }),
    partsPath: t.string({
      description: 'Where parts are PUT to, with `?position=` of their first byte.',
      resolve: ({ id }) => pathOf(id),
    }),
    rejectsPath: t.string({
      nullable: true,
      description: 'Where the rejected rows are as a file to be put right; null without one.',
      resolve: ({ id, rejected }) => (rejected > 0 ? `${pathOf(id)}/rejected.csv` : null),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was announced.' }),
    createdByName: t.string({
      description: "Who sent it: an admin's e-mail, or a key's name.",
      resolve: ({ createdBy }, _args, context) => context.loaders.actorName(createdBy),
    }),
    finishedAt: t.expose('finishedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it was imported, or failed.',
    }),
  }),
});

const pathOf = (id: string) => `/import/history/${encodeId('HistoryImport', id)}`;

const noImport = (id: string) =>
  notFound(`There is no import ${id.slice(0, 60)}. ${idHint('HistoryImport')}`);

builder.queryFields((t) => ({
  historyImports: t.prismaConnection({
    type: HistoryImport,
    cursor: 'id',
    ...needs('admin', 'Files of history, the newest first. They are kept for 30 days.'),
    resolve: (query, _root, _args, context) =>
      context.core.database.prisma.historyImport.findMany({ ...query, orderBy: { id: 'desc' } }),
  }),
  historyImport: t.prismaField({
    type: HistoryImport,
    nullable: true,
    ...needs('admin', 'One file of history; null when there is none of that id.'),
    args: { id: t.arg.id({ required: true }) },
    resolve: (query, _root, args, context) => {
      const id = decodeId('HistoryImport', args.id);
      return id ? context.core.database.prisma.historyImport.findUnique({ ...query, where: { id } }) : null;
    },
  }),
}));

const CreateHistoryImportInput = builder.inputType('CreateHistoryImportInput', {
  description: 'A file that will be sent.',
  fields: (t) => ({
    fileName: t.string({ required: true, description: 'What it is called, in 1 to 200 characters.' }),
    bytes: t.int({ required: true, description: 'Its size, at most 256 MiB.' }),
    layout: t.string({
      description: '`api_usage_logs` for CSV or JSON of the old layout; left out, it is told by the file.',
    }),
  }),
});

const CreateHistoryImportResult = builder.unionType('CreateHistoryImportResult', {
  description: 'The import, or what is wrong with the input.',
  types: [HistoryImport, InvalidInputError],
  resolveType: resolveOutcome('HistoryImport'),
});

const read = (id: string, context: Context) =>
  context.core.database.prisma.historyImport.findUniqueOrThrow({ where: { id } });

builder.mutationFields((t) => ({
  createHistoryImport: t.field({
    type: CreateHistoryImportResult,
    ...needs('admin', 'Announce a file of history. Its parts are then PUT to its `partsPath`.'),
    args: { input: t.arg({ type: CreateHistoryImportInput, required: true }) },
    resolve: async (_root, { input }, context) => {
      if (!context.caller) throw unauthenticated();
      const made = await context.core.imports.create(input, context.caller.actor);
      return made.status === 'created' ? read(made.id, context) : invalidInput(made.fields);
    },
  }),
  startHistoryImport: t.field({
    type: HistoryImport,
    ...needs(
      'admin',
      'Import a file that was checked. One that is in another state stays in it, so that asking twice does it once.',
    ),
    args: { id: t.arg.id({ required: true }) },
    resolve: async (_root, args, context) => {
      const id = decodeId('HistoryImport', args.id);
      if (id) await context.core.imports.allow(id);
      const found = id && (await context.core.database.prisma.historyImport.findUnique({ where: { id } }));
      if (!found) throw noImport(args.id);
      return found;
    },
  }),
  removeHistoryImport: t.boolean({
    ...needs(
      'admin',
      'Remove a file and what was said of it; what it booked stays. False when it is not there, or is being imported.',
    ),
    args: { id: t.arg.id({ required: true }) },
    resolve: (_root, args, context) => {
      const id = decodeId('HistoryImport', args.id);
      return id ? context.core.imports.remove(id) : false;
    },
  }),
}));
