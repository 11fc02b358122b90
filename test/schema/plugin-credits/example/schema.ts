import { refuse, reservationOf, takeReservation } from '../../../../schema/plugin-credits/index.ts';
import { type Context, createBuilder } from './builder.ts';
import type { Hold, NotEnough } from './purse.ts';

const builder = createBuilder();

/** The resolver of the unpriced field Query.version. */
export const resolveVersion = () => '1';

const ImageInput = builder.inputType('ImageInput', {
  fields: (t) => ({
    prompt: t.string({ required: true }),
    count: t.int({ defaultValue: 2 }),
    scale: t.float(),
  }),
});

const Work = builder.interfaceRef<{ kind: 'Picture' | 'Song'; title: string }>('Work').implement({
  resolveType: (work) => work.kind,
  fields: (t) => ({
    title: t.exposeString('title'),
    summary: t.string({ credits: 1, resolve: (work) => `About ${work.title}` }),
  }),
});

const Picture = builder.objectRef<{ kind: 'Picture'; title: string }>('Picture').implement({
  interfaces: [Work],
  fields: (t) => ({
    caption: t.string({
      credits: 2,
      resolve: (picture) => {
        if (picture.title === 'blank') {
          throw new Error('nothing to see');
        }

        return `A picture of ${picture.title}`;
      },
    }),
    size: t.int({ credits: 0, resolve: () => 1 }),
    related: t.field({ type: Work, resolve: () => song }),
  }),
});

builder.objectRef<{ kind: 'Song'; title: string }>('Song').implement({
  interfaces: [Work],
  fields: (t) => ({
    lyrics: t.string({ credits: 3, resolve: (song) => `La ${song.title}` }),
    related: t.field({ type: Work, resolve: () => song }),
  }),
});

const song = { kind: 'Song', title: 'tea' } as const;

builder.queryType({
  fields: (t) => ({
    version: t.string({ resolve: resolveVersion }),
    search: t.string({
      description: 'Looks it up.',
      args: { text: t.arg.string() },
      credits: 1,
      resolve: (_, { text }, { purse }) => {
        purse.note(`search ${text}`);

        return `found ${text}`;
      },
    }),
    glance: t.string({ credits: 0, resolve: () => 'seen' }),
    wait: t.string({
      args: { for: t.arg.string() },
      credits: 4,
      resolve: async (_, args, { purse, gate }) => {
        purse.note(`start ${args.for}`);
        await gate;
        purse.note(`end ${args.for}`);

        return args.for;
      },
    }),
    canvas: t.int({
      args: {
        width: t.arg.int({ required: true }),
        height: t.arg.int({ defaultValue: 3 }),
        scale: t.arg.float(),
      },
      credits: { price: { base: 1, each: 2, times: ['width', 'height', 'scale'], default: 0.5 } },
      resolve: (_, { width, height }) => width * (height ?? 0),
    }),
    embed: t.int({
      args: { texts: t.arg.stringList({ defaultValue: ['a', 'b'] }) },
      credits: {
        price: { times: 'texts.length' },
        detail: ({ texts }) => ({ units: texts?.join('').length ?? 0 }),
      },
      resolve: (_, { texts }) => texts?.length ?? 0,
    }),
    gallery: t.field({
      type: [Picture],
      nullable: false,
      resolve: () => ['sea', 'blank', 'sky'].map((title) => ({ kind: 'Picture' as const, title })),
    }),
    work: t.field({ type: Work, resolve: () => song }),
  }),
});

const Poem = builder.objectRef<{ text: string }>('Poem').implement({
  fields: (t) => ({ text: t.exposeString('text') }),
});

const NotEnoughCredits = builder.objectRef<NotEnough>('NotEnoughCredits').implement({
  fields: (t) => ({ needed: t.exposeInt('needed'), left: t.exposeInt('left') }),
});

const PoemResult = builder.unionType('PoemResult', {
  types: [Poem, NotEnoughCredits],
  resolveType: (value) => ('text' in value ? Poem : NotEnoughCredits),
});

builder.mutationType({
  fields: (t) => ({
    generateImage: t.string({
      args: { input: t.arg({ type: ImageInput, required: true }) },
      credits: { price: { each: 5, times: 'input.count' } },
      resolve: (_, { input }) => `${input.prompt} × ${input.count}`,
    }),
    write: t.string({
      args: { prompt: t.arg.string({ required: true }) },
      credits: {
        price: ({ prompt }, { slow }) => {
          const price =
            prompt === 'a bomb'
              ? refuse({ needed: Number.MAX_SAFE_INTEGER, left: 0 })
              : { credits: prompt.length, detail: { units: prompt.split(' ').length } };

          return slow ? Promise.resolve(price) : price;
        },
        detail: () => ({ units: -1 }),
      },
      resolve: (_, { prompt }, { purse }) => {
        purse.note(`write ${prompt}`);

        return `On ${prompt}`;
      },
    }),
    fail: t.string({
      args: { how: t.arg.string({ required: true }) },
      credits: 7,
      resolve: (_, { how }) => {
        const error = new Error(`it did ${how}`);

        switch (how) {
          case 'throw':
            throw error;
          case 'reject':
            return Promise.reject(error);
          case 'resolve to an error':
            return Promise.resolve(error as unknown as string);
          default:
            return error as unknown as string;
        }
      },
    }),
    poem: t.field({
      type: PoemResult,
      credits: {
        price: 50,
        onRefused: (refusal) => refusal,
      },
      resolve: () => ({ text: 'O' }),
    }),
    own: t.string({
      args: { step: t.arg.string({ required: true }) },
      credits: { price: 9, settle: 'resolver' },
      resolve: (_, { step }, { purse }, info) => own(step, purse, () => takeReservation<Hold>(info)),
    }),
    read: t.int({
      credits: 6,
      resolve: (_parent, _args, _context, info) => reservationOf<Hold>(info).credits,
    }),
    unpriced: t.int({ resolve: (_parent, _args, _context, info) => reservationOf<Hold>(info).credits }),
    overreach: t.int({
      credits: 1,
      resolve: (_parent, _args, _context, info) => takeReservation<Hold>(info).credits,
    }),
  }),
});

/** The ways in which a resolver can deal with its own reservation. */
async function own(step: string, purse: Context['purse'], take: () => Hold): Promise<string> {
  switch (step) {
    case 'leave it':
      return step;
    case 'fail before taking':
      throw new Error(step);
    case 'take too late':
      return Promise.reject(new Error(step)).finally(() => {
        lateTakes.push(take);
      });
    case 'take and fail':
      take();
      throw new Error(step);
    case 'take twice':
      purse.post(take() && take());
      return step;
    default:
      purse.post(take());
      return step;
  }
}

/** What resolvers would do with their reservation long after they have failed. */
export const lateTakes: (() => Hold)[] = [];

builder.subscriptionType({
  fields: (t) => ({
    frames: t.string({
      args: { count: t.arg.int({ required: true }) },
      credits: { price: 30, charge: 'event' },
      subscribe: (_, { count }) => stream(count),
      resolve: (frame, _args, { purse }) => {
        purse.note(`frame ${frame}`);

        if (frame === 13) {
          throw new Error('torn frame');
        }

        return `frame ${frame}`;
      },
    }),
    news: t.field({
      type: Picture,
      args: { topic: t.arg.string({ required: true }) },
      credits: { price: 8, charge: 'once' },
      subscribe: (_, { topic }, { purse }, info) => {
        purse.note(`subscribe with #${reservationOf<Hold>(info).id}`);

        switch (topic) {
          case 'throw':
            throw new Error('no such topic');
          case 'reject':
            return Promise.reject(new Error('no such topic'));
          case 'nothing':
            return undefined as unknown as AsyncIterable<number>;
          default:
            return stream(2, purse);
        }
      },
      resolve: (item) => ({ kind: 'Picture' as const, title: `item ${item}` }),
    }),
    late: t.string({
      credits: {
        price: 8,
        charge: 'once',
        onRefused: () => 'this is not a stream',
      },
      subscribe: () => stream(1),
      resolve: (_item, _args, _context, info) => `#${reservationOf<Hold>(info).id}`,
    }),
    greeting: t.string({
      credits: {
        price: 1000,
        charge: 'once',
        onRefused: () => stream(1),
      },
      subscribe: () => stream(3),
      resolve: (item) => `hello ${item}`,
    }),
  }),
});

/** Events 1, 2, … count; a purse is told when the stream is closed. */
function stream(count: number, purse?: Context['purse']): AsyncIterable<number> {
  let event = 0;

  return {
    [Symbol.asyncIterator]: () => ({
      next: () => {
        event += 1;

        return Promise.resolve(
          event > count ? { done: true, value: undefined } : { done: false, value: event },
        );
      },
      return: () => {
        purse?.note('close');

        return Promise.resolve({ done: true, value: undefined });
      },
    }),
  };
}

export const schema = builder.toSchema();
export const uncharged = builder.toSchema({ disableCredits: true });
