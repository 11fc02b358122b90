import type { Prisma } from './client/client.ts';

/** What a json column holds. */
export type JsonValue = Prisma.JsonValue;
