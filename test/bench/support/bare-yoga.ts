/**
 * What Solvent is measured by: graphql-yoga with the same document, the same arguments and an answer of the same size,
 * whose resolver does nothing. Started as yoga's own guide starts it; with `BARE=tuned` without yoga's limit on bodies,
 * which sends each of them through one more stream and which Solvent does without too.
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createSchema, createYoga } from 'graphql-yoga';
import { answerBench } from './worker.ts';

const generation = {
  id: 'gen_0193489f-41c0-7000-8000-000000000000',
  status: 'SUCCEEDED',
  creditsCharged: 2,
  outputs: [{ url: 'http://127.0.0.1:40000/files/0193489f-41c0-7000-8000-000000000000' }],
};

const yoga = createYoga({
  schema: createSchema({
    typeDefs: /* GraphQL */ `
      enum GenerationStatus { SUCCEEDED }
      type Output { url: String! }
      type Generation { id: ID! status: GenerationStatus! creditsCharged: Int! outputs: [Output!]! }
      type NotMade { message: String! }
      union GenerateResult = Generation | NotMade
      input GenerateImageInput { idempotencyKey: String! accountId: ID prompt: String! model: String }
      type Query { nothing: Boolean }
      type Mutation { generateImage(input: GenerateImageInput!): GenerateResult! }
    `,
    resolvers: {
      GenerateResult: { __resolveType: () => 'Generation' },
      Mutation: { generateImage: () => generation },
    },
  }),
  ...(process.env.BARE === 'tuned' ? { maxRequestBodySize: false, logging: false } : {}),
});
const server = createServer(yoga);
await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
const { port } = server.address() as AddressInfo;

answerBench({ started: () => ({ url: `http://127.0.0.1:${port}/graphql` }) });
