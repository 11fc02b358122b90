/** Generations: what paid calls make, and the six mutations that ask for them. */
import type { GraphQLResolveInfo } from 'graphql';
import {
  failureOf,
  type GenerationInput,
  type GenerationRecord,
  type Refusal,
  type Ticket,
} from '../server/generation/index.ts';
import type { FailureRecord, OutputRecord } from '../server/ledger/index.ts';
import { margin } from '../server/money.ts';
import type { Operation as OperationName } from '../server/providers/index.ts';
import { Account, maySee } from './account.ts';
import { builder, needs } from './builder.ts';
import type { Context } from './context.ts';
import { ErrorCode, Operation, Tier } from './enums.ts';
import { emergencyShutdown, notFound, unauthenticated } from './errors.ts';
import { decodeId, encodeId, NOBODY } from './node-ids.ts';
import {
  AccountBarredError,
  BudgetExceededError,
  ContentRefusedError,
  IdempotencyConflictError,
  InsufficientCreditsError,
  InvalidInputError,
  idempotencyConflict,
  invalidInput,
  NotFoundError,
  notFoundOutcome,
  ProviderUnavailableError,
  resolveOutcome,
  UnpricedModelError,
} from './outcome.ts';
import { refuse, takeReservation } from './plugin-credits/index.ts';
import { Money } from './scalars.ts';
import { PACE, present } from './subscribe.ts';

const GenerationStatus = builder.enumType('GenerationStatus', {
  description: 'How far a generation is.',
  values: {
    QUEUED: { description: 'Paid for and waiting for its turn; nothing has been sent.' },
    RUNNING: { description: 'The provider is at it.' },
    SUCCEEDED: { description: 'Its outputs are there.' },
    FAILED: { description: 'Nothing was made; the credits are back.' },
    CANCELED: { description: 'Given up by its customer; the credits are back.' },
  } as const,
});

const AttemptOutcome = builder.enumType('AttemptOutcome', {
  description:
    'What one call to a provider came to. Refunding the customer and costing nothing are two different facts.',
  values: {
    SUCCEEDED: { description: 'It made what was asked for.' },
    FAILED_UNBILLED: { description: 'It made nothing and is not billed.' },
    FAILED_BILLED: { description: 'It made nothing and is billed all the same.' },
    UNKNOWN: { description: 'Nobody knows; booked at the most that it can cost.' },
    CANCELED: { description: 'It was given up on the way.' },
  } as const,
});

const Priority = builder.enumType('Priority', {
  description: 'How soon something is wanted.',
  values: {
    NORMAL: { description: 'As soon as it can be made.' },
    LOW: {
      description:
        'It may take up to a day where the provider has a batch price, and is then made for about half the cost. Elsewhere it is made as usual, after NORMAL work. The price in credits is the same.',
    },
  } as const,
});

const Output = builder.objectRef<OutputRecord>('Output').implement({
  description: 'A file that was made, kept in storage of its own.',
  fields: (t) => ({
    id: t.id({
      description: 'By which to revoke it. As secret as its link.',
      resolve: (output) => encodeId('Output', output.id),
    }),
    url: t.string({
      description:
        'Where to get it. The link cannot be guessed; whoever has it can open it. Answers 410 once it is revoked or has expired.',
      resolve: (output, _args, context) => `${context.core.publicUrl}/files/${output.id}`,
    }),
    contentType: t.exposeString('contentType', { description: 'Such as image/png.' }),
    bytes: t.exposeInt('bytes', { description: 'Size of the file.' }),
    width: t.exposeInt('width', { nullable: true, description: 'In pixels.' }),
    height: t.exposeInt('height', { nullable: true, description: 'In pixels.' }),
    durationSeconds: t.exposeFloat('durationSeconds', {
      nullable: true,
      description: 'Of a clip or a sound.',
    }),
    revokedAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'From when its link is gone because it was revoked.',
      resolve: (output) => output.revokedAt ?? null,
    }),
    expiredAt: t.field({
      type: 'DateTime',
      nullable: true,
      description: 'From when its link is gone because its time was over.',
      resolve: (output) => output.expiredAt ?? null,
    }),
  }),
});

const GenerationFailure = builder.objectRef<FailureRecord>('GenerationFailure').implement({
  description: 'Why nothing was made.',
  fields: (t) => ({
    code: t.field({ type: ErrorCode, description: 'What went wrong.', resolve: (failure) => failure.code }),
    message: t.exposeString('message', { description: 'A sentence for people.' }),
    retryable: t.exposeBoolean('retryable', { description: 'Whether the same request may succeed later.' }),
  }),
});

export const Attempt = builder.prismaObject('Attempt', {
  description: 'One call to a provider, with its exact cost.',
  fields: (t) => ({
    generationId: t.id({
      description: 'What it was made for.',
      resolve: (attempt) => encodeId('Generation', attempt.generationId),
    }),
    number: t.exposeInt('number', { description: 'From 1 within its generation.' }),
    operation: t.expose('operation', { type: Operation, description: 'What was asked for.' }),
    accountId: t.id({
      description: 'Whose it is.',
      resolve: (attempt) => encodeId('Account', attempt.accountId),
    }),
    tier: t.expose('tier', { type: Tier, description: "The account's tier at that time." }),
    country: t.exposeString('country', {
      nullable: true,
      description: "The account's country at that time.",
    }),
    provider: t.exposeString('provider', { description: 'Who was called.' }),
    model: t.exposeString('model', { description: 'provider/name' }),
    outcome: t.expose('outcome', { type: AttemptOutcome, description: 'What it came to.' }),
    cost: t.field({
      type: Money,
      description: 'What the provider bills for it.',
      resolve: (attempt) => attempt.costMicros,
    }),
    revenue: t.field({
      type: Money,
      description: 'What the burned credits earned.',
      resolve: (attempt) => attempt.revenueMicros,
    }),
    creditsCharged: t.exposeInt('creditsCharged', { description: 'Credits that it cost the account.' }),
    durationMs: t.exposeInt('durationMs', { description: 'From the call to its end.' }),
    startedAt: t.expose('startedAt', { type: 'DateTime', description: 'When it was called.' }),
    bookedAt: t.expose('bookedAt', {
      type: 'DateTime',
      description: 'When it was booked, which is the hour and day in which it counts.',
    }),
    error: t.exposeString('error', { nullable: true, description: "The provider's own words." }),
  }),
});

export const Generation = builder.prismaNode('Generation', {
  nullable: true,
  id: { field: 'id' },
  description: 'What an account asked for, with what it cost, earned and made.',
  authScopes: (generation, context) => maySee(context, generation.accountId),
  fields: (t) => ({
    operation: t.expose('operation', { type: Operation, description: 'What was asked for.' }),
    status: t.expose('status', { type: GenerationStatus, description: 'How far it is.' }),
    model: t.exposeString('model', {
      nullable: true,
      description: 'provider/model, as in the catalogue: "openai/dall-e-3-hd".',
    }),
    prompt: t.exposeString('prompt', { nullable: true, description: 'In the words of the account.' }),
    progress: t.float({
      nullable: true,
      description:
        'How far the job is, from 0 to 1, where the vendor tells it. Null before it has begun and after its end.',
      resolve: (generation) => (generation.completedAt === null ? generation.progress : null),
    }),
    outputs: t.field({
      type: [Output],
      description: 'What was made, in order; empty until it has SUCCEEDED.',
      resolve: async (generation, _args, context) => {
        if ('outputs' in generation) return [...(generation as unknown as GenerationRecord).outputs];
        return [...(await context.loaders.outputs(generation.id))];
      },
    }),
    creditsReserved: t.exposeInt('creditsReserved', { description: 'Credits set aside while it runs.' }),
    creditsCharged: t.exposeInt('creditsCharged', {
      description: 'Credits it finally cost the account; 0 when it failed.',
    }),
    cached: t.exposeBoolean('cached', {
      description: 'True when an earlier identical result was served and no provider was called.',
    }),
    failure: t.field({
      type: GenerationFailure,
      nullable: true,
      description: 'Why nothing was made; null unless it FAILED.',
      resolve: (generation) => failureOf(generation as unknown as GenerationRecord),
    }),
    account: t.field({
      type: Account,
      description: 'Whose it is.',
      resolve: (generation, _args, context) =>
        context.core.database.prisma.account.findUniqueOrThrow({ where: { id: generation.accountId } }),
    }),
    createdAt: t.expose('createdAt', { type: 'DateTime', description: 'When it was asked for.' }),
    completedAt: t.expose('completedAt', {
      type: 'DateTime',
      nullable: true,
      description: 'When it came to its end.',
    }),
    cost: t.field({
      type: Money,
      nullable: true,
      ...needs('profit:read', 'What its attempts cost.'),
      resolve: (generation) => generation.costMicros,
    }),
    revenue: t.field({
      type: Money,
      nullable: true,
      ...needs('profit:read', 'What its burned credits earned.'),
      resolve: (generation) => generation.revenueMicros,
    }),
    margin: t.float({
      nullable: true,
      ...needs('profit:read', '(revenue − cost) / revenue; null when it earned nothing.'),
      resolve: (generation) => margin(generation.revenueMicros, generation.costMicros),
    }),
    attempts: t.relation('attempts', {
      nullable: true,
      ...needs('profit:read', 'The calls that were made for it, in order.'),
      query: { orderBy: { number: 'asc' } },
    }),
  }),
});

/** What a finished or running generation is to its mutation: itself, or the outcome that its failure is. */
function answerOf(record: GenerationRecord) {
  const failure = record.status === 'FAILED' ? failureOf(record) : null;
  switch (failure?.code) {
    case 'CONTENT_REFUSED':
      return {
        code: 'CONTENT_REFUSED',
        message: failure.message,
        creditsReturned: record.creditsReserved,
      } as const;
    case 'PROVIDER_UNAVAILABLE':
      return {
        code: 'PROVIDER_UNAVAILABLE',
        message: failure.message,
        creditsReturned: record.creditsReserved,
        retryAfterSeconds: failure.retryAfterSeconds,
      } as const;
    case 'INVALID_INPUT':
      return invalidInput([{ path: 'input', message: failure.message }]);
    default:
      return record;
  }
}

/** A refusal as the caller's user sees it. */
function refusalOf(refusal: Refusal, context: Context) {
  switch (refusal.kind) {
    case 'invalid-input':
      return invalidInput(refusal.fields);
    case 'unpriced-model':
      return { code: 'UNPRICED_MODEL', message: refusal.message, model: refusal.model } as const;
    case 'unavailable':
      return {
        code: 'PROVIDER_UNAVAILABLE',
        message: refusal.message,
        creditsReturned: 0,
        retryAfterSeconds: null,
      } as const;
    case 'account-barred':
      return {
        code: 'ACCOUNT_BARRED',
        message: `This account may make no paid calls: ${refusal.reason}`,
      } as const;
    case 'insufficient-credits':
      return {
        code: 'INSUFFICIENT_CREDITS',
        message: `This costs ${refusal.required} credits, and the account has ${refusal.available}.`,
        required: refusal.required,
        available: refusal.available,
      } as const;
    case 'budget-exceeded':
      return {
        code: 'BUDGET_EXCEEDED',
        message: `A spending limit is reached; it is open again from ${refusal.resetsAt.toISOString()}.`,
        scope: refusal.scope,
        resetsAt: refusal.resetsAt,
      } as const;
    case 'idempotency-conflict':
      return idempotencyConflict(refusal.key);
    case 'shutdown':
      // A condition of the whole service, not of this request: an error with its HTTP status.
      throw emergencyShutdown(refusal.reason, refusal.resetsAt, context.core.clock.now());
  }
}

type GenerateAnswer = ReturnType<typeof answerOf> | ReturnType<typeof refusalOf>;

const GenerateResult = builder.unionType('GenerateResult', {
  description: 'The generation, or an outcome that says why there is none.',
  types: [
    Generation,
    InsufficientCreditsError,
    UnpricedModelError,
    BudgetExceededError,
    ContentRefusedError,
    InvalidInputError,
    IdempotencyConflictError,
    ProviderUnavailableError,
    AccountBarredError,
  ],
  resolveType: resolveOutcome('Generation'),
});

const CancelGenerationResult = builder.unionType('CancelGenerationResult', {
  types: [Generation, NotFoundError],
  resolveType: resolveOutcome('Generation'),
});

const RevokeOutputResult = builder.unionType('RevokeOutputResult', {
  description: 'The generation whose output it is, or why nothing was revoked.',
  types: [Generation, NotFoundError],
  resolveType: resolveOutcome('Generation'),
});

const KEY = 'Unique for this request. A retry with the same key gives the first result and is charged once.';
const ACCOUNT = 'Only with an API key that may act for accounts; a token of an account acts for itself.';
const MODEL =
  'provider/name, as in `catalog`. Leave it out and the router takes the cheapest healthy model at or above minimumQuality.';
const WAIT = 'How long to wait for the result before answering with RUNNING. 0 to 60000.';
const CACHE =
  'Whether an identical request of before may serve: its result, or the one that is just being made. `cached` says so.';
const SUCCESSOR = 'Whether what replaced a retired model may serve in its place, at its own price.';
const QUOTE = 'A quote to be held to: its price is honoured until it expires.';

const GenerateImageInput = builder.inputType('GenerateImageInput', {
  description: 'Pictures from words.',
  fields: (t) => ({
    idempotencyKey: t.field({ type: 'IdempotencyKey', required: true, description: KEY }),
    accountId: t.id({ description: ACCOUNT }),
    prompt: t.string({ required: true, description: 'What to show. At most 32,000 characters.' }),
    model: t.string({ description: MODEL }),
    minimumQuality: t.float({ description: 'Out of 10.' }),
    size: t.string({ description: 'Width × height in pixels, such as 1024x1024.' }),
    quality: t.string({ description: 'As the model names it: low, medium, high.' }),
    count: t.int({ defaultValue: 1, description: 'How many pictures.' }),
    seed: t.int({ description: 'The same seed gives the same picture, where the model knows seeds.' }),
    waitMs: t.int({ defaultValue: 30000, description: WAIT }),
    useCache: t.boolean({ defaultValue: true, description: CACHE }),
    allowSuccessor: t.boolean({ defaultValue: false, description: SUCCESSOR }),
    quoteId: t.id({ description: QUOTE }),
    priority: t.field({
      type: Priority,
      defaultValue: 'NORMAL',
      description: 'LOW for what has time: the answer is QUEUED, and the result comes by `generation`.',
    }),
  }),
});

const GenerateVideoInput = builder.inputType('GenerateVideoInput', {
  description: 'A clip from words, and a first picture if you like.',
  fields: (t) => ({
    idempotencyKey: t.field({ type: 'IdempotencyKey', required: true, description: KEY }),
    accountId: t.id({ description: ACCOUNT }),
    prompt: t.string({ required: true, description: 'What to show. At most 32,000 characters.' }),
    imageUrl: t.string({ description: 'A picture to begin with.' }),
    model: t.string({ description: MODEL }),
    minimumQuality: t.float({ description: 'Out of 10.' }),
    durationSeconds: t.int({ defaultValue: 5, description: 'How long the clip is.' }),
    aspectRatio: t.string({ description: 'Such as 16:9.' }),
    waitMs: t.int({ defaultValue: 0, description: WAIT }),
    useCache: t.boolean({ defaultValue: true, description: CACHE }),
    allowSuccessor: t.boolean({ defaultValue: false, description: SUCCESSOR }),
    quoteId: t.id({ description: QUOTE }),
  }),
});

function imageInput(name: string, description: string) {
  return builder.inputType(name, {
    description,
    fields: (t) => ({
      idempotencyKey: t.field({ type: 'IdempotencyKey', required: true, description: KEY }),
      accountId: t.id({ description: ACCOUNT }),
      imageUrl: t.string({ required: true, description: 'The picture: an http or https URL.' }),
      model: t.string({ description: MODEL }),
      waitMs: t.int({ defaultValue: 30000, description: WAIT }),
      useCache: t.boolean({ defaultValue: true, description: CACHE }),
      allowSuccessor: t.boolean({ defaultValue: false, description: SUCCESSOR }),
      quoteId: t.id({ description: QUOTE }),
    }),
  });
}

const UpscaleImageInput = imageInput('UpscaleImageInput', 'A picture to be made larger.');
const RemoveBackgroundInput = imageInput('RemoveBackgroundInput', 'A picture to be cut out.');
const VectorizeImageInput = imageInput('VectorizeImageInput', 'A picture to be drawn as vectors.');

const DubVideoInput = builder.inputType('DubVideoInput', {
  description: 'A video to be dubbed.',
  fields: (t) => ({
    idempotencyKey: t.field({ type: 'IdempotencyKey', required: true, description: KEY }),
    accountId: t.id({ description: ACCOUNT }),
    videoUrl: t.string({ required: true, description: 'The video: an http or https URL.' }),
    targetLanguage: t.string({ required: true, description: 'BCP 47, such as es or pt-BR.' }),
    durationSeconds: t.int({
      description: 'How long the video is; begun minutes are charged whole. Left out: one minute.',
    }),
    model: t.string({ description: MODEL }),
    waitMs: t.int({ defaultValue: 0, description: WAIT }),
    allowSuccessor: t.boolean({ defaultValue: false, description: SUCCESSOR }),
    quoteId: t.id({ description: QUOTE }),
  }),
});

/**
 * Ids of the outside become the database's; one that is none stays as it is and is not found. Written out field by field: what
 * GraphQL hands over is slow to copy as a whole and to read, and is read some forty times after this.
 */
function readInput(input: GenerationInput): Required<GenerationInput> {
  return {
    idempotencyKey: input.idempotencyKey,
    accountId: input.accountId ? (decodeId('Account', input.accountId) ?? NOBODY) : null,
    prompt: input.prompt,
    imageUrl: input.imageUrl,
    videoUrl: input.videoUrl,
    targetLanguage: input.targetLanguage,
    model: input.model,
    allowSuccessor: input.allowSuccessor,
    minimumQuality: input.minimumQuality,
    quoteId: input.quoteId ? (decodeId('Quote', input.quoteId) ?? NOBODY) : null,
    size: input.size,
    quality: input.quality,
    count: input.count,
    seed: input.seed,
    durationSeconds: input.durationSeconds,
    aspectRatio: input.aspectRatio,
    useCache: input.useCache,
    priority: input.priority,
    waitMs: input.waitMs,
  };
}

/** The price of a paid mutation, told by the catalogue when the request runs. */
function priceOf(operation: OperationName, context: Context, input: GenerationInput) {
  const { caller, core } = context;
  if (!caller) throw unauthenticated();
  const answer = (result: Awaited<ReturnType<typeof core.generations.price>>) => {
    switch (result.status) {
      case 'priced':
        return { credits: result.credits, detail: { call: result.call } };
      case 'replay':
        return { credits: 0, detail: { replay: result.ticket } };
      case 'refused':
        return refuse(result.refusal);
    }
  };
  const result = core.generations.price(caller, operation, readInput(input));
  return result instanceof Promise ? result.then(answer) : answer(result);
}

/** What the six paid mutations share: who may, what comes back, what it is priced at and how it is settled. */
function paid<Input extends GenerationInput>(operation: OperationName, description: string) {
  return {
    ...needs('generate', `${description} Reserves the price, calls the provider, then charges or refunds.`),
    type: GenerateResult,
    credits: {
      price: (args: { input: Input }, context: Context) => priceOf(operation, context, args.input),
      // The generation room posts or voids in the transaction that books the attempts.
      settle: 'resolver' as const,
      onRefused: (refusal: Refusal, _parent: object, _args: object, context: Context) =>
        refusalOf(refusal, context),
    },
    resolve: async (
      _root: object,
      { input }: { input: Input },
      context: Context,
      info: GraphQLResolveInfo,
    ): Promise<GenerateAnswer> => {
      const ticket = takeReservation<Ticket>(info);
      return answerOf(await context.core.generations.wait(ticket, input.waitMs ?? 0));
    },
  };
}

builder.mutationFields((t) => ({
  generateImage: t.field({
    ...paid('GENERATE_IMAGE', 'Make pictures from words.'),
    args: { input: t.arg({ type: GenerateImageInput, required: true }) },
  }),
  generateVideo: t.field({
    ...paid('GENERATE_VIDEO', 'Make a clip from words.'),
    args: { input: t.arg({ type: GenerateVideoInput, required: true }) },
  }),
  upscaleImage: t.field({
    ...paid('UPSCALE_IMAGE', 'Make a picture larger.'),
    args: { input: t.arg({ type: UpscaleImageInput, required: true }) },
  }),
  removeBackground: t.field({
    ...paid('REMOVE_BACKGROUND', 'Cut out what a picture shows.'),
    args: { input: t.arg({ type: RemoveBackgroundInput, required: true }) },
  }),
  vectorizeImage: t.field({
    ...paid('VECTORIZE_IMAGE', 'Draw a picture as vectors.'),
    args: { input: t.arg({ type: VectorizeImageInput, required: true }) },
  }),
  dubVideo: t.field({
    ...paid('DUB_VIDEO', 'Dub a video into another language.'),
    args: { input: t.arg({ type: DubVideoInput, required: true }) },
  }),
  cancelGeneration: t.field({
    ...needs(
      'generate',
      'Give up a generation that is under way; its credits go back. One that is done stays as it is.',
    ),
    type: CancelGenerationResult,
    args: { id: t.arg.id({ required: true }) },
    resolve: async (_root, args, context) => {
      const missing = notFoundOutcome(`There is no generation ${args.id.slice(0, 60)}.`);
      const id = decodeId('Generation', args.id);
      const found = id ? await context.core.generations.read(id) : null;
      if (!id || !found || !maySee(context, found.accountId)) return missing;
      const canceled = await context.core.generations.cancel(id);
      return canceled.status === 'found' ? canceled.generation : missing;
    },
  }),
  revokeOutput: t.field({
    ...needs(
      'generate',
      'End the link of an output for good; its file is deleted unless another output needs it. A second time changes nothing.',
    ),
    type: RevokeOutputResult,
    args: { id: t.arg.id({ required: true }) },
    resolve: async (_root, args, context) => {
      const { caller, core } = context;
      if (!caller) throw unauthenticated();
      const id = decodeId('Output', args.id);
      const owner = id ? await core.outputs.owner(id) : null;
      if (!id || !owner || !maySee(context, owner.accountId)) {
        return notFoundOutcome(`There is no output ${args.id.slice(0, 60)}.`);
      }
      await core.outputs.revoke(id, caller.actor);
      const generation = await core.generations.read(owner.generationId);
      return generation ?? notFoundOutcome(`There is no output ${args.id.slice(0, 60)}.`);
    },
  }),
}));

builder.queryFields((t) => ({
  generation: t.field({
    type: Generation,
    nullable: true,
    description: 'A generation by its id. Null when there is none, or it is not for this caller.',
    authScopes: { signedIn: true },
    args: { id: t.arg.id({ required: true }) },
    resolve: async (_root, args, context) => {
      const id = decodeId('Generation', args.id);
      const found = id ? await context.core.generations.read(id) : null;
      return found && maySee(context, found.accountId) ? found : null;
    },
  }),
  generations: t.prismaConnection({
    type: 'Generation',
    cursor: 'id',
    ...needs('profit:read', 'All generations, the newest first.'),
    args: { status: t.arg({ type: GenerationStatus, required: false, description: 'Only those.' }) },
    resolve: (query, _root, args, context) =>
      context.core.database.prisma.generation.findMany({
        ...query,
        orderBy: { id: 'desc' },
        ...(args.status ? { where: { status: args.status } } : {}),
      }),
  }),
}));

builder.subscriptionField('generation', (t) =>
  t.field({
    type: Generation,
    description: 'A generation now and after each change, until it has come to its end.',
    authScopes: { signedIn: true },
    args: { id: t.arg.id({ required: true }) },
    subscribe: async (_root, args, context) => {
      const { generations, live } = context.core;
      const id = decodeId('Generation', args.id);
      const changes = live.listen('generation', id ?? '', PACE);
      const first = id ? await generations.read(id) : null;
      if (!id || !first || !maySee(context, first.accountId)) {
        await changes.return();
        throw notFound(`There is no generation ${args.id.slice(0, 60)}.`);
      }
      return present(context, {
        first,
        changes,
        read: async () => (await generations.read(id)) ?? first,
        isSame: (before, after) => before.status === after.status && before.progress === after.progress,
        isLast: (state) => state.completedAt !== null,
      });
    },
    resolve: (record: GenerationRecord) => record,
  }),
);
