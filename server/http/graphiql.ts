/** GraphiQL with ready examples, and on a local start with a key filled in. */
import { renderGraphiQL } from '@graphql-yoga/render-graphiql';
import type { GraphiQLOptions } from 'graphql-yoga';

/** What a local start has made for a newcomer. */
export interface Demo {
  /** An API key that may do everything. */
  readonly apiKey: string;
  /** An account with credits, as the outside names it. */
  readonly accountId: string;
}

const generate = (
  accountId: string,
) => `# Makes a picture, charges the account, and shows what it cost and earned: press the play button.
# A second time gives the first result again and charges nothing, since it is the same key.
mutation GenerateImage {
  generateImage(input: {
    idempotencyKey: "my-first-picture"
    accountId: "${accountId}"
    prompt: "A lighthouse on a cliff at dawn"
    minimumQuality: 9
  }) {
    __typename
    ... on Generation {
      id
      status
      model
      creditsCharged
      outputs { url contentType width height }
      cost { amount }
      revenue { amount }
      margin
      attempts { provider model outcome cost { amount } durationMs }
      account { balance { available reserved posted } }
    }
    ... on InvalidInputError { message fields { path message } }
    ... on Error { code message }
  }
}
`;

const video = (
  accountId: string,
) => `# A clip takes a while: the answer is RUNNING. Copy its id into the subscription of the next tab.
mutation GenerateVideo {
  generateVideo(input: {
    idempotencyKey: "my-first-clip"
    accountId: "${accountId}"
    prompt: "Waves rolling in"
    durationSeconds: 5
  }) {
    ... on Generation { id status creditsReserved }
    ... on Error { code message }
  }
}
`;

const WATCH = `# The state now, then each change until the end.
subscription Watch {
  generation(id: "gen_…") { id status creditsCharged outputs { url } failure { message } }
}
`;

const CATALOG = `# Every model with its price, cost and margin. Margins under the floor are flagged.
query Catalog {
  catalog {
    model operation quality creditsFrom available retiresAt replacedBy
    costFrom { amount } margin markup belowFloor
  }
}
`;

const QUOTE = `# A price to be held to for ten minutes: give its id as quoteId.
query Quote {
  quote(input: { operation: GENERATE_VIDEO, model: "runway/gen4_turbo", durationSeconds: 8, hasImage: true }) {
    ... on Quote { id model credits expiresAt expectedCost { amount } expectedMargin }
    ... on InvalidInputError { message fields { path message } }
    ... on Error { code message }
  }
}
`;

const ledger = (accountId: string) => `# What an account has, and every line of how it came to that.
query Ledger {
  account(id: "${accountId}") {
    externalId tier
    balance { available reserved posted }
    grants(first: 5) { edges { node { source credits remaining unitRevenue { amount } expiresAt } } }
    entries(first: 10) { edges { node { kind credits availableAfter createdAt } } }
  }
}
`;

const PROTECT = `# Budgets, and whether paid calls may go out. suspendService and resumeService are the emergency switch.
query Protect {
  protection {
    state reason since changedBy marginToday
    hour { limit { amount } spent { amount } reserved { amount } resetsAt }
    day { limit { amount } spent { amount } reserved { amount } resetsAt }
  }
  budgets { scope subject period action limit { amount } usage { spent { amount } } }
}
`;

const profit = (
  range: string,
) => `# Cost, revenue and profit of a range, by provider and operation, by day, and beside the time before. Then whoever loses most.
query Profit {
  profit(range: ${range}, groupBy: [PROVIDER, OPERATION]) {
    timeZone
    totals { calls failed cacheHits cost { amount } lostCost { amount } revenue { amount } grossProfit { amount } margin markup }
    lines { provider operation calls cost { amount } revenue { amount } grossProfit { amount } margin }
    series(interval: DAY) { at calls cost { amount } revenue { amount } grossProfit { amount } margin }
    trend { costChange revenueChange grossProfitChange }
  }
  topAccounts(range: ${range}, by: LOSS, first: 5) {
    account { externalId } calls cost { amount } revenue { amount } grossProfit { amount }
  }
}
`;

/** The 30 days of UTC that end with the present one, as an argument. */
function lastDays(now: Date): string {
  const day = 86_400_000;
  const end = (Math.floor(now.getTime() / day) + 1) * day;
  return `{ from: "${new Date(end - 30 * day).toISOString()}", to: "${new Date(end).toISOString()}" }`;
}

/** The page, as text of HTML. */
export function graphiqlPage(demo: Demo | null, now: Date): string {
  const accountId = demo?.accountId ?? 'acc_…';
  const headers = JSON.stringify({ authorization: `Bearer ${demo?.apiKey ?? 'slv_…'}` }, null, 2);
  const queries = [
    generate(accountId),
    video(accountId),
    WATCH,
    CATALOG,
    QUOTE,
    ledger(accountId),
    PROTECT,
    profit(lastDays(now)),
  ];
  const options: GraphiQLOptions = {
    title: 'Solvent: GraphiQL',
    headers,
    shouldPersistHeaders: false,
    defaultTabs: queries.map((query) => ({ query, headers })),
  };
  return renderGraphiQL(options);
}
