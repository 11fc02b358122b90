/* eslint-disable */
import * as types from './graphql.ts';
import type { TypedDocumentNode as DocumentNode } from '@graphql-typed-document-node/core';

/**
 * Map of all GraphQL operations in the project.
 *
 * This map has several performance disadvantages:
 * 1. It is not tree-shakeable, so it will include all operations in the project.
 * 2. It is not minifiable, so the string of a GraphQL query will be multiple times inside the bundle.
 * 3. It does not support dead code elimination, so it will add unused operations.
 *
 * Therefore it is highly recommended to use the babel or swc plugin for production.
 * Learn more about it here: https://the-guild.dev/graphql/codegen/plugins/presets/preset-client#reducing-bundle-size
 */
type Documents = {
    "subscription Alerts($afterSequence: Int) {\n  alerts(afterSequence: $afterSequence) {\n    sequence\n    kind\n    severity\n    state\n    title\n    detail\n  }\n}": typeof types.AlertsDocument,
    "subscription Attempts($filter: ProfitFilter) {\n  attempts(filter: $filter) {\n    generationId\n    number\n    model\n    outcome\n    cost {\n      amount\n    }\n    error\n  }\n}": typeof types.AttemptsDocument,
    "query Catalog {\n  catalog {\n    model\n    operation\n    quality\n    creditsFrom\n    available\n    retiresAt\n    replacedBy\n    costFrom {\n      amount\n    }\n    margin\n    markup\n    belowFloor\n  }\n}": typeof types.CatalogDocument,
    "mutation GenerateImage($input: GenerateImageInput!) {\n  generateImage(input: $input) {\n    __typename\n    ... on Generation {\n      id\n      status\n      model\n      creditsCharged\n      outputs {\n        url\n        contentType\n        width\n        height\n      }\n      cost {\n        amount\n      }\n      revenue {\n        amount\n      }\n      margin\n      attempts {\n        provider\n        model\n        outcome\n        cost {\n          amount\n        }\n        durationMs\n      }\n      account {\n        balance {\n          available\n          reserved\n          posted\n        }\n      }\n    }\n    ... on InvalidInputError {\n      message\n      fields {\n        path\n        message\n      }\n    }\n    ... on Error {\n      code\n      message\n    }\n  }\n}": typeof types.GenerateImageDocument,
    "query Ledger($id: ID) {\n  account(id: $id) {\n    externalId\n    tier\n    balance {\n      available\n      reserved\n      posted\n    }\n    grants(first: 5) {\n      edges {\n        node {\n          source\n          credits\n          remaining\n          unitRevenue {\n            amount\n          }\n          expiresAt\n        }\n      }\n    }\n    entries(first: 10) {\n      edges {\n        node {\n          kind\n          credits\n          availableAfter\n          createdAt\n        }\n      }\n    }\n  }\n}": typeof types.LedgerDocument,
    "subscription LiveProfit($window: LiveWindow = DAY) {\n  liveProfit(window: $window) {\n    sequence\n    at\n    reservationsOpen\n    protection {\n      state\n      reason\n    }\n    totals {\n      calls\n      failed\n      cost {\n        amount\n      }\n      revenue {\n        amount\n      }\n      margin\n    }\n    byProvider {\n      provider\n      calls\n      cost {\n        amount\n      }\n      margin\n    }\n    topAccounts {\n      account {\n        externalId\n      }\n      cost {\n        amount\n      }\n    }\n  }\n}": typeof types.LiveProfitDocument,
    "query Protect {\n  protection {\n    state\n    reason\n    since\n    changedBy\n    marginToday\n    hour {\n      limit {\n        amount\n      }\n      spent {\n        amount\n      }\n      reserved {\n        amount\n      }\n      resetsAt\n    }\n    day {\n      limit {\n        amount\n      }\n      spent {\n        amount\n      }\n      reserved {\n        amount\n      }\n      resetsAt\n    }\n  }\n  budgets {\n    scope\n    subject\n    period\n    action\n    limit {\n      amount\n    }\n    usage {\n      spent {\n        amount\n      }\n    }\n  }\n}": typeof types.ProtectDocument,
    "query Quote($input: QuoteInput!) {\n  quote(input: $input) {\n    ... on Quote {\n      id\n      model\n      credits\n      expiresAt\n      expectedCost {\n        amount\n      }\n      expectedMargin\n    }\n    ... on InvalidInputError {\n      message\n      fields {\n        path\n        message\n      }\n    }\n    ... on Error {\n      code\n      message\n    }\n  }\n}": typeof types.QuoteDocument,
    "mutation GenerateVideo($input: GenerateVideoInput!) {\n  generateVideo(input: $input) {\n    ... on Generation {\n      id\n      status\n      creditsReserved\n    }\n    ... on Error {\n      code\n      message\n    }\n  }\n}": typeof types.GenerateVideoDocument,
    "subscription Watch($id: ID!) {\n  generation(id: $id) {\n    id\n    status\n    creditsCharged\n    outputs {\n      url\n    }\n    failure {\n      message\n    }\n  }\n}": typeof types.WatchDocument,
};
const documents: Documents = {
    "subscription Alerts($afterSequence: Int) {\n  alerts(afterSequence: $afterSequence) {\n    sequence\n    kind\n    severity\n    state\n    title\n    detail\n  }\n}": types.AlertsDocument,
    "subscription Attempts($filter: ProfitFilter) {\n  attempts(filter: $filter) {\n    generationId\n    number\n    model\n    outcome\n    cost {\n      amount\n    }\n    error\n  }\n}": types.AttemptsDocument,
    "query Catalog {\n  catalog {\n    model\n    operation\n    quality\n    creditsFrom\n    available\n    retiresAt\n    replacedBy\n    costFrom {\n      amount\n    }\n    margin\n    markup\n    belowFloor\n  }\n}": types.CatalogDocument,
    "mutation GenerateImage($input: GenerateImageInput!) {\n  generateImage(input: $input) {\n    __typename\n    ... on Generation {\n      id\n      status\n      model\n      creditsCharged\n      outputs {\n        url\n        contentType\n        width\n        height\n      }\n      cost {\n        amount\n      }\n      revenue {\n        amount\n      }\n      margin\n      attempts {\n        provider\n        model\n        outcome\n        cost {\n          amount\n        }\n        durationMs\n      }\n      account {\n        balance {\n          available\n          reserved\n          posted\n        }\n      }\n    }\n    ... on InvalidInputError {\n      message\n      fields {\n        path\n        message\n      }\n    }\n    ... on Error {\n      code\n      message\n    }\n  }\n}": types.GenerateImageDocument,
    "query Ledger($id: ID) {\n  account(id: $id) {\n    externalId\n    tier\n    balance {\n      available\n      reserved\n      posted\n    }\n    grants(first: 5) {\n      edges {\n        node {\n          source\n          credits\n          remaining\n          unitRevenue {\n            amount\n          }\n          expiresAt\n        }\n      }\n    }\n    entries(first: 10) {\n      edges {\n        node {\n          kind\n          credits\n          availableAfter\n          createdAt\n        }\n      }\n    }\n  }\n}": types.LedgerDocument,
    "subscription LiveProfit($window: LiveWindow = DAY) {\n  liveProfit(window: $window) {\n    sequence\n    at\n    reservationsOpen\n    protection {\n      state\n      reason\n    }\n    totals {\n      calls\n      failed\n      cost {\n        amount\n      }\n      revenue {\n        amount\n      }\n      margin\n    }\n    byProvider {\n      provider\n      calls\n      cost {\n        amount\n      }\n      margin\n    }\n    topAccounts {\n      account {\n        externalId\n      }\n      cost {\n        amount\n      }\n    }\n  }\n}": types.LiveProfitDocument,
    "query Protect {\n  protection {\n    state\n    reason\n    since\n    changedBy\n    marginToday\n    hour {\n      limit {\n        amount\n      }\n      spent {\n        amount\n      }\n      reserved {\n        amount\n      }\n      resetsAt\n    }\n    day {\n      limit {\n        amount\n      }\n      spent {\n        amount\n      }\n      reserved {\n        amount\n      }\n      resetsAt\n    }\n  }\n  budgets {\n    scope\n    subject\n    period\n    action\n    limit {\n      amount\n    }\n    usage {\n      spent {\n        amount\n      }\n    }\n  }\n}": types.ProtectDocument,
    "query Quote($input: QuoteInput!) {\n  quote(input: $input) {\n    ... on Quote {\n      id\n      model\n      credits\n      expiresAt\n      expectedCost {\n        amount\n      }\n      expectedMargin\n    }\n    ... on InvalidInputError {\n      message\n      fields {\n        path\n        message\n      }\n    }\n    ... on Error {\n      code\n      message\n    }\n  }\n}": types.QuoteDocument,
    "mutation GenerateVideo($input: GenerateVideoInput!) {\n  generateVideo(input: $input) {\n    ... on Generation {\n      id\n      status\n      creditsReserved\n    }\n    ... on Error {\n      code\n      message\n    }\n  }\n}": types.GenerateVideoDocument,
    "subscription Watch($id: ID!) {\n  generation(id: $id) {\n    id\n    status\n    creditsCharged\n    outputs {\n      url\n    }\n    failure {\n      message\n    }\n  }\n}": types.WatchDocument,
};

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 *
 *
 * @example
 * ```ts
 * const query = graphql(`query GetUser($id: ID!) { user(id: $id) { name } }`);
 * ```
 *
 * The query argument is unknown!
 * Please regenerate the types.
 */
export function graphql(source: string): unknown;

/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "subscription Alerts($afterSequence: Int) {\n  alerts(afterSequence: $afterSequence) {\n    sequence\n    kind\n    severity\n    state\n    title\n    detail\n  }\n}"): (typeof documents)["subscription Alerts($afterSequence: Int) {\n  alerts(afterSequence: $afterSequence) {\n    sequence\n    kind\n    severity\n    state\n    title\n    detail\n  }\n}"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "subscription Attempts($filter: ProfitFilter) {\n  attempts(filter: $filter) {\n    generationId\n    number\n    model\n    outcome\n    cost {\n      amount\n    }\n    error\n  }\n}"): (typeof documents)["subscription Attempts($filter: ProfitFilter) {\n  attempts(filter: $filter) {\n    generationId\n    number\n    model\n    outcome\n    cost {\n      amount\n    }\n    error\n  }\n}"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "query Catalog {\n  catalog {\n    model\n    operation\n    quality\n    creditsFrom\n    available\n    retiresAt\n    replacedBy\n    costFrom {\n      amount\n    }\n    margin\n    markup\n    belowFloor\n  }\n}"): (typeof documents)["query Catalog {\n  catalog {\n    model\n    operation\n    quality\n    creditsFrom\n    available\n    retiresAt\n    replacedBy\n    costFrom {\n      amount\n    }\n    margin\n    markup\n    belowFloor\n  }\n}"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "mutation GenerateImage($input: GenerateImageInput!) {\n  generateImage(input: $input) {\n    __typename\n    ... on Generation {\n      id\n      status\n      model\n      creditsCharged\n      outputs {\n        url\n        contentType\n        width\n        height\n      }\n      cost {\n        amount\n      }\n      revenue {\n        amount\n      }\n      margin\n      attempts {\n        provider\n        model\n        outcome\n        cost {\n          amount\n        }\n        durationMs\n      }\n      account {\n        balance {\n          available\n          reserved\n          posted\n        }\n      }\n    }\n    ... on InvalidInputError {\n      message\n      fields {\n        path\n        message\n      }\n    }\n    ... on Error {\n      code\n      message\n    }\n  }\n}"): (typeof documents)["mutation GenerateImage($input: GenerateImageInput!) {\n  generateImage(input: $input) {\n    __typename\n    ... on Generation {\n      id\n      status\n      model\n      creditsCharged\n      outputs {\n        url\n        contentType\n        width\n        height\n      }\n      cost {\n        amount\n      }\n      revenue {\n        amount\n      }\n      margin\n      attempts {\n        provider\n        model\n        outcome\n        cost {\n          amount\n        }\n        durationMs\n      }\n      account {\n        balance {\n          available\n          reserved\n          posted\n        }\n      }\n    }\n    ... on InvalidInputError {\n      message\n      fields {\n        path\n        message\n      }\n    }\n    ... on Error {\n      code\n      message\n    }\n  }\n}"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "query Ledger($id: ID) {\n  account(id: $id) {\n    externalId\n    tier\n    balance {\n      available\n      reserved\n      posted\n    }\n    grants(first: 5) {\n      edges {\n        node {\n          source\n          credits\n          remaining\n          unitRevenue {\n            amount\n          }\n          expiresAt\n        }\n      }\n    }\n    entries(first: 10) {\n      edges {\n        node {\n          kind\n          credits\n          availableAfter\n          createdAt\n        }\n      }\n    }\n  }\n}"): (typeof documents)["query Ledger($id: ID) {\n  account(id: $id) {\n    externalId\n    tier\n    balance {\n      available\n      reserved\n      posted\n    }\n    grants(first: 5) {\n      edges {\n        node {\n          source\n          credits\n          remaining\n          unitRevenue {\n            amount\n          }\n          expiresAt\n        }\n      }\n    }\n    entries(first: 10) {\n      edges {\n        node {\n          kind\n          credits\n          availableAfter\n          createdAt\n        }\n      }\n    }\n  }\n}"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "subscription LiveProfit($window: LiveWindow = DAY) {\n  liveProfit(window: $window) {\n    sequence\n    at\n    reservationsOpen\n    protection {\n      state\n      reason\n    }\n    totals {\n      calls\n      failed\n      cost {\n        amount\n      }\n      revenue {\n        amount\n      }\n      margin\n    }\n    byProvider {\n      provider\n      calls\n      cost {\n        amount\n      }\n      margin\n    }\n    topAccounts {\n      account {\n        externalId\n      }\n      cost {\n        amount\n      }\n    }\n  }\n}"): (typeof documents)["subscription LiveProfit($window: LiveWindow = DAY) {\n  liveProfit(window: $window) {\n    sequence\n    at\n    reservationsOpen\n    protection {\n      state\n      reason\n    }\n    totals {\n      calls\n      failed\n      cost {\n        amount\n      }\n      revenue {\n        amount\n      }\n      margin\n    }\n    byProvider {\n      provider\n      calls\n      cost {\n        amount\n      }\n      margin\n    }\n    topAccounts {\n      account {\n        externalId\n      }\n      cost {\n        amount\n      }\n    }\n  }\n}"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "query Protect {\n  protection {\n    state\n    reason\n    since\n    changedBy\n    marginToday\n    hour {\n      limit {\n        amount\n      }\n      spent {\n        amount\n      }\n      reserved {\n        amount\n      }\n      resetsAt\n    }\n    day {\n      limit {\n        amount\n      }\n      spent {\n        amount\n      }\n      reserved {\n        amount\n      }\n      resetsAt\n    }\n  }\n  budgets {\n    scope\n    subject\n    period\n    action\n    limit {\n      amount\n    }\n    usage {\n      spent {\n        amount\n      }\n    }\n  }\n}"): (typeof documents)["query Protect {\n  protection {\n    state\n    reason\n    since\n    changedBy\n    marginToday\n    hour {\n      limit {\n        amount\n      }\n      spent {\n        amount\n      }\n      reserved {\n        amount\n      }\n      resetsAt\n    }\n    day {\n      limit {\n        amount\n      }\n      spent {\n        amount\n      }\n      reserved {\n        amount\n      }\n      resetsAt\n    }\n  }\n  budgets {\n    scope\n    subject\n    period\n    action\n    limit {\n      amount\n    }\n    usage {\n      spent {\n        amount\n      }\n    }\n  }\n}"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "query Quote($input: QuoteInput!) {\n  quote(input: $input) {\n    ... on Quote {\n      id\n      model\n      credits\n      expiresAt\n      expectedCost {\n        amount\n      }\n      expectedMargin\n    }\n    ... on InvalidInputError {\n      message\n      fields {\n        path\n        message\n      }\n    }\n    ... on Error {\n      code\n      message\n    }\n  }\n}"): (typeof documents)["query Quote($input: QuoteInput!) {\n  quote(input: $input) {\n    ... on Quote {\n      id\n      model\n      credits\n      expiresAt\n      expectedCost {\n        amount\n      }\n      expectedMargin\n    }\n    ... on InvalidInputError {\n      message\n      fields {\n        path\n        message\n      }\n    }\n    ... on Error {\n      code\n      message\n    }\n  }\n}"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "mutation GenerateVideo($input: GenerateVideoInput!) {\n  generateVideo(input: $input) {\n    ... on Generation {\n      id\n      status\n      creditsReserved\n    }\n    ... on Error {\n      code\n      message\n    }\n  }\n}"): (typeof documents)["mutation GenerateVideo($input: GenerateVideoInput!) {\n  generateVideo(input: $input) {\n    ... on Generation {\n      id\n      status\n      creditsReserved\n    }\n    ... on Error {\n      code\n      message\n    }\n  }\n}"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "subscription Watch($id: ID!) {\n  generation(id: $id) {\n    id\n    status\n    creditsCharged\n    outputs {\n      url\n    }\n    failure {\n      message\n    }\n  }\n}"): (typeof documents)["subscription Watch($id: ID!) {\n  generation(id: $id) {\n    id\n    status\n    creditsCharged\n    outputs {\n      url\n    }\n    failure {\n      message\n    }\n  }\n}"];

export function graphql(source: string) {
  return (documents as any)[source] ?? {};
}

export type DocumentType<TDocumentNode extends DocumentNode<any, any>> = TDocumentNode extends DocumentNode<  infer TType,  any>  ? TType  : never;