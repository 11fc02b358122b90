/** The first step of a paid call: its input checked, its price asked of the catalogue. Nothing is set aside yet. */
import type { Catalog, PricedOutcome } from '../catalog/index.ts';
import type { Database } from '../database/index.ts';
import type { BudgetScope } from '../ledger/index.ts';
import type { Operation } from '../providers/index.ts';
import { checkInput, type FieldProblem, type GenerationInput, hashInput } from './input.ts';
import type { StoredRequest } from './record.ts';
import * as statements from './statements.ts';

/** Who asks; see Caller in the access room. */
export interface Asker {
  /** The account that an account's token acts for; null for API keys and admins. */
  readonly accountId: string | null;
  /** Whose idempotency keys these are. */
  readonly namespace: string;
}

/** A checked and priced request, ready to be reserved. */
export interface PricedCall {
  readonly operation: Operation;
  readonly accountId: string;
  readonly namespace: string;
  readonly key: string;
  readonly inputHash: string;
  readonly priced: PricedOutcome;
  readonly request: StoredRequest;
  readonly quoteId: string | null;
  /** Whether an identical earlier result may serve. */
  readonly useCache: boolean;
}

/** Why nothing was set aside. An outcome that the caller's user can act on, but for `shutdown`. */
export type Refusal =
  | { readonly kind: 'invalid-input'; readonly fields: readonly FieldProblem[] }
  | { readonly kind: 'unpriced-model'; readonly model: string; readonly message: string }
  | { readonly kind: 'unavailable'; readonly message: string }
  | { readonly kind: 'account-barred'; readonly reason: string }
  | { readonly kind: 'insufficient-credits'; readonly required: number; readonly available: number }
  | { readonly kind: 'budget-exceeded'; readonly scope: BudgetScope; readonly resetsAt: Date }
  | { readonly kind: 'idempotency-conflict'; readonly key: string }
  | { readonly kind: 'shutdown'; readonly reason: string | null; readonly resetsAt: Date | null };

/** What a caller may wait for: its own call, or the one that its key had made before. */
export interface Ticket {
  readonly generationId: string;
  readonly replayed: boolean;
}

export type PriceResult =
  | { readonly status: 'priced'; readonly credits: number; readonly call: PricedCall }
  /** The key made this before, and the same request would not be priced today. */
  | { readonly status: 'replay'; readonly ticket: Ticket }
  | { readonly status: 'refused'; readonly refusal: Refusal };

interface Asked {
  readonly operation: Operation;
  readonly accountId: string;
  readonly namespace: string;
  readonly key: string;
  readonly inputHash: string;
}

/** Prices requests. */
export function createPricing(options: {
  readonly database: Database;
  readonly catalog: Catalog;
  /** What is wrong with a URL as it is written, or null. */
  readonly inputProblem: (url: string) => string | null;
}): (asker: Asker, operation: Operation, input: GenerationInput) => Promise<PriceResult> | PriceResult {
  const { database, catalog, inputProblem } = options;

  /** A refusal stands only if the key has not been used before: a retry gets the first result, whatever has changed. */
  async function refuse(asked: Asked, refusal: Refusal): Promise<PriceResult> {
    const earlier = await statements.readIdempotency(database, asked.namespace, asked.key);
    if (!earlier) return { status: 'refused', refusal };
    if (earlier.inputHash !== asked.inputHash) {
      return { status: 'refused', refusal: { kind: 'idempotency-conflict', key: asked.key } };
    }
    return { status: 'replay', ticket: { generationId: earlier.resultId, replayed: true } };
  }

  function finish(
    asked: Asked,
    input: GenerationInput,
    priced: ReturnType<Catalog['price']>,
  ): PriceResult | Promise<PriceResult> {
    switch (priced.status) {
      case 'priced':
        return {
          status: 'priced',
          credits: priced.credits,
          call: {
            ...asked,
            priced,
            useCache: input.useCache ?? true,
            quoteId: input.quoteId ?? null,
            request: requestFor(asked, input, priced),
          },
        };
      case 'invalid':
        return refuse(asked, { kind: 'invalid-input', fields: priced.fields });
      case 'unpriced':
        return refuse(asked, { kind: 'unpriced-model', model: priced.model, message: priced.message });
      case 'unavailable':
        return refuse(asked, { kind: 'unavailable', message: priced.message });
    }
  }

  return (asker, operation, input) => {
    const accountId = asker.accountId ?? input.accountId ?? '';
    const asked: Asked = {
      operation,
      accountId,
      namespace: asker.namespace,
      key: input.idempotencyKey,
      inputHash: hashInput(operation, accountId, input),
    };
    const problems = checkInput(operation, input);
    for (const path of ['imageUrl', 'videoUrl'] as const) {
      const message = input[path] ? inputProblem(input[path]) : null;
      if (message !== null) problems.push({ path, message });
    }
    if (accountId === '') {
      problems.push({
        path: 'accountId',
        message: 'Say for which account: an API key may act for any, so it has to name one.',
      });
    } else if (asker.accountId && input.accountId && input.accountId !== asker.accountId) {
      problems.push({
        path: 'accountId',
        message: "An account's token acts for that account alone; leave accountId out.",
      });
    }
    if (problems.length > 0) return refuse(asked, { kind: 'invalid-input', fields: problems });

    const request = { ...input, operation, hasImage: input.imageUrl != null };
    if (!input.quoteId) return finish(asked, input, catalog.price(request));
    return catalog.quote(input.quoteId).then((quote) =>
      quote
        ? finish(asked, input, catalog.priceUnder(quote, request, accountId))
        : refuse(asked, {
            kind: 'invalid-input',
            fields: [{ path: 'quoteId', message: 'There is no such quote; ask for a new one.' }],
          }),
    );
  };
}

function requestFor({ operation }: Asked, input: GenerationInput, priced: PricedOutcome): StoredRequest {
  const request = {
    operation,
    ...priced.request,
    prompt: input.prompt ?? undefined,
    seed: input.seed ?? undefined,
    imageUrl: input.imageUrl ?? undefined,
    videoUrl: input.videoUrl ?? undefined,
    targetLanguage: input.targetLanguage ?? undefined,
    priority: input.priority === 'LOW' ? input.priority : undefined,
  };
  // A quote names its model.
  if (input.model || input.quoteId) return request;
  const { minimumQuality, size, quality, durationSeconds, aspectRatio } = input;
  return { ...request, routing: { minimumQuality, size, quality, durationSeconds, aspectRatio } };
}
