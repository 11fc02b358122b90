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
    "\n  fragment AccountFacts_AccountFragment on Account {\n    id\n    externalId\n    email\n    country\n    timeZone\n    createdAt\n    balance {\n      available\n      reserved\n      posted\n    }\n  }\n": typeof types.AccountFacts_AccountFragmentFragmentDoc,
    "\n  subscription AccountFacts_BalanceSubscription($accountId: ID!) {\n    balance(accountId: $accountId) {\n      available\n      reserved\n      posted\n    }\n  }\n": typeof types.AccountFacts_BalanceSubscriptionDocument,
    "\n  fragment AccountTable_AccountFragment on Account {\n    id\n    externalId\n    email\n    country\n    tier\n    createdAt\n    balance {\n      available\n      reserved\n    }\n  }\n": typeof types.AccountTable_AccountFragmentFragmentDoc,
    "\n  fragment EntryTable_EntryFragment on Entry {\n    id\n    kind\n    credits\n    postedDelta\n    reservedDelta\n    availableAfter\n    reason\n    createdAt\n    generation {\n      id\n    }\n  }\n": typeof types.EntryTable_EntryFragmentFragmentDoc,
    "\n  fragment GrantCredits_AccountFragment on Account {\n    id\n    externalId\n    balance {\n      available\n    }\n  }\n": typeof types.GrantCredits_AccountFragmentFragmentDoc,
    "\n  mutation GrantCredits_GrantMutation($input: GrantCreditsInput!) {\n    grantCredits(input: $input) {\n      ... on Grant {\n        id\n        credits\n      }\n      ... on Error {\n        message\n      }\n      ... on InvalidInputError {\n        fields {\n          path\n          message\n        }\n      }\n    }\n  }\n": typeof types.GrantCredits_GrantMutationDocument,
    "\n  fragment GrantTable_GrantFragment on Grant {\n    id\n    source\n    credits\n    remaining\n    effectiveAt\n    expiresAt\n    reason\n    unitRevenue {\n      amount\n      currency\n    }\n  }\n": typeof types.GrantTable_GrantFragmentFragmentDoc,
    "\n  fragment AlertTable_AlertFragment on Alert {\n    id\n    severity\n    state\n    title\n    detail\n    openedAt\n    acknowledgedBy\n  }\n": typeof types.AlertTable_AlertFragmentFragmentDoc,
    "\n  subscription AlertTable_ChangesSubscription {\n    alerts {\n      id\n      sequence\n    }\n  }\n": typeof types.AlertTable_ChangesSubscriptionDocument,
    "\n  mutation AlertTable_AcknowledgeMutation($id: ID!) {\n    acknowledgeAlert(id: $id) {\n      id\n      ...AlertTable_AlertFragment\n    }\n  }\n": typeof types.AlertTable_AcknowledgeMutationDocument,
    "\n  fragment LatestAttempts_AttemptFragment on Attempt {\n    generationId\n    number\n    bookedAt\n    model\n    operation\n    outcome\n    durationMs\n    cost {\n      amount\n      currency\n    }\n    revenue {\n      amount\n      currency\n    }\n  }\n": typeof types.LatestAttempts_AttemptFragmentFragmentDoc,
    "\n  subscription LatestAttempts_AttemptsSubscription {\n    attempts {\n      generationId\n      number\n      ...LatestAttempts_AttemptFragment\n    }\n  }\n": typeof types.LatestAttempts_AttemptsSubscriptionDocument,
    "\n  fragment AuditTable_AuditLogEntryFragment on AuditLogEntry {\n    id\n    at\n    actorName\n    action\n    subject\n    reason\n    detail\n  }\n": typeof types.AuditTable_AuditLogEntryFragmentFragmentDoc,
    "\n  mutation BudgetForm_SetBudgetMutation($input: SetBudgetInput!) {\n    setBudget(input: $input) {\n      ... on Budget {\n        id\n        usage {\n          spent {\n            amount\n          }\n        }\n        ...BudgetTable_BudgetFragment\n      }\n      ... on InvalidInputError {\n        message\n        fields {\n          path\n          message\n        }\n      }\n    }\n  }\n": typeof types.BudgetForm_SetBudgetMutationDocument,
    "\n  fragment BudgetTable_BudgetFragment on Budget {\n    id\n    scope\n    subject\n    period\n    action\n    limit {\n      amount\n      currency\n    }\n    usage {\n      spent {\n        amount\n        currency\n      }\n      reserved {\n        amount\n        currency\n      }\n      limit {\n        amount\n        currency\n      }\n      resetsAt\n    }\n  }\n": typeof types.BudgetTable_BudgetFragmentFragmentDoc,
    "\n  fragment ModelTable_CatalogModelFragment on CatalogModel {\n    id\n    model\n    operation\n    quality\n    available\n    sandbox\n    retiresAt\n    replacedBy\n    note\n    belowFloor\n    costFrom {\n      amount\n      currency\n    }\n    prices {\n      size\n      quality\n      durationSeconds\n      unit\n      credits\n      margin\n      marginMax\n      markup\n      belowFloor\n      cost {\n        amount\n        currency\n      }\n    }\n  }\n": typeof types.ModelTable_CatalogModelFragmentFragmentDoc,
    "\n  fragment AttemptTimeline_AttemptFragment on Attempt {\n    number\n    provider\n    model\n    outcome\n    durationMs\n    startedAt\n    error\n    cost {\n      amount\n      currency\n    }\n    revenue {\n      amount\n      currency\n    }\n  }\n": typeof types.AttemptTimeline_AttemptFragmentFragmentDoc,
    "\n  fragment CancelGeneration_GenerationFragment on Generation {\n    id\n    status\n    creditsReserved\n  }\n": typeof types.CancelGeneration_GenerationFragmentFragmentDoc,
    "\n  mutation CancelGeneration_CancelMutation($id: ID!) {\n    cancelGeneration(id: $id) {\n      ... on Generation {\n        id\n        ...CancelGeneration_GenerationFragment\n      }\n      ... on NotFoundError {\n        message\n      }\n    }\n  }\n": typeof types.CancelGeneration_CancelMutationDocument,
    "\n  fragment GenerationFacts_GenerationFragment on Generation {\n    id\n    operation\n    status\n    model\n    prompt\n    progress\n    creditsReserved\n    creditsCharged\n    margin\n    createdAt\n    completedAt\n    failure {\n      code\n      message\n      retryable\n    }\n    cost {\n      amount\n      currency\n    }\n    revenue {\n      amount\n      currency\n    }\n  }\n": typeof types.GenerationFacts_GenerationFragmentFragmentDoc,
    "\n  fragment GenerationTable_GenerationFragment on Generation {\n    id\n    operation\n    status\n    model\n    cached\n    creditsCharged\n    margin\n    createdAt\n    account {\n      id\n      externalId\n    }\n    cost {\n      amount\n      currency\n    }\n    revenue {\n      amount\n      currency\n    }\n  }\n": typeof types.GenerationTable_GenerationFragmentFragmentDoc,
    "\n  fragment OutputGallery_OutputFragment on Output {\n    id\n    url\n    contentType\n    bytes\n    width\n    height\n    durationSeconds\n    revokedAt\n    expiredAt\n  }\n": typeof types.OutputGallery_OutputFragmentFragmentDoc,
    "\n  fragment KeyTable_ApiKeyFragment on ApiKey {\n    id\n    name\n    prefix\n    scopes\n    createdAt\n    lastUsedAt\n    revokedAt\n  }\n": typeof types.KeyTable_ApiKeyFragmentFragmentDoc,
    "\n  mutation KeyTable_RevokeMutation($id: ID!) {\n    revokeApiKey(id: $id) {\n      id\n      ...KeyTable_ApiKeyFragment\n    }\n  }\n": typeof types.KeyTable_RevokeMutationDocument,
    "\n  mutation NewKey_CreateMutation($input: CreateApiKeyInput!) {\n    createApiKey(input: $input) {\n      ... on NewApiKey {\n        key\n        apiKey {\n          id\n        }\n      }\n      ... on InvalidInputError {\n        fields {\n          path\n          message\n        }\n      }\n    }\n  }\n": typeof types.NewKey_CreateMutationDocument,
    "\n  fragment CostBars_ProfitLineFragment on ProfitLine {\n    provider\n    operation\n    calls\n    margin\n    cost {\n      amount\n      currency\n    }\n  }\n": typeof types.CostBars_ProfitLineFragmentFragmentDoc,
    "\n  fragment LiveFigures_LiveProfitFragment on LiveProfit {\n    reservationsOpen\n    totals {\n      calls\n      failed\n      cacheHits\n      cost {\n        amount\n        currency\n      }\n      lostCost {\n        amount\n        currency\n      }\n      revenue {\n        amount\n        currency\n      }\n      grossProfit {\n        amount\n        currency\n      }\n      margin\n    }\n  }\n": typeof types.LiveFigures_LiveProfitFragmentFragmentDoc,
    "\n  fragment ProfitChart_ProfitPointFragment on ProfitPoint {\n    at\n    calls\n    cost {\n      amount\n      currency\n    }\n    revenue {\n      amount\n    }\n    grossProfit {\n      amount\n    }\n  }\n": typeof types.ProfitChart_ProfitPointFragmentFragmentDoc,
    "\n  fragment ProfitFigures_ProfitReportFragment on ProfitReport {\n    totals {\n      calls\n      failed\n      margin\n      cost {\n        amount\n        currency\n      }\n      lostCost {\n        amount\n        currency\n      }\n      revenue {\n        amount\n        currency\n      }\n      grossProfit {\n        amount\n        currency\n      }\n    }\n    trend {\n      costChange\n      revenueChange\n      grossProfitChange\n      callsChange\n      previous {\n        margin\n      }\n    }\n  }\n": typeof types.ProfitFigures_ProfitReportFragmentFragmentDoc,
    "\n  fragment ProfitTable_ProfitLineFragment on ProfitLine {\n    provider\n    model\n    operation\n    tier\n    country\n    plan\n    account {\n      id\n      externalId\n    }\n    calls\n    failed\n    cacheHits\n    margin\n    averageDurationMs\n    cost {\n      amount\n      currency\n    }\n    lostCost {\n      amount\n      currency\n    }\n    revenue {\n      amount\n      currency\n    }\n    grossProfit {\n      amount\n      currency\n    }\n  }\n": typeof types.ProfitTable_ProfitLineFragmentFragmentDoc,
    "\n  fragment TopAccounts_ProfitLineFragment on ProfitLine {\n    account {\n      id\n      externalId\n      tier\n    }\n    calls\n    margin\n    cost {\n      amount\n      currency\n    }\n    revenue {\n      amount\n      currency\n    }\n  }\n": typeof types.TopAccounts_ProfitLineFragmentFragmentDoc,
    "\n  fragment EmergencySwitch_ProtectionFragment on Protection {\n    state\n    reason\n    since\n    changedBy\n    resetsAt\n    marginToday\n    day {\n      spent {\n        amount\n        currency\n      }\n      reserved {\n        amount\n        currency\n      }\n      limit {\n        amount\n        currency\n      }\n    }\n  }\n": typeof types.EmergencySwitch_ProtectionFragmentFragmentDoc,
    "\n  mutation EmergencySwitch_SuspendMutation($reason: String!) {\n    suspendService(reason: $reason) {\n      ...EmergencySwitch_ProtectionFragment\n    }\n  }\n": typeof types.EmergencySwitch_SuspendMutationDocument,
    "\n  mutation EmergencySwitch_ResumeMutation($reason: String!) {\n    resumeService(reason: $reason) {\n      ...EmergencySwitch_ProtectionFragment\n    }\n  }\n": typeof types.EmergencySwitch_ResumeMutationDocument,
    "\n  fragment ProviderTable_ProviderHealthFragment on ProviderHealth {\n    name\n    configured\n    sandbox\n    circuit\n    since\n    until\n    reason\n  }\n": typeof types.ProviderTable_ProviderHealthFragmentFragmentDoc,
    "\n  query Audit_PageQuery($action: String, $after: String) {\n    auditLog(first: 50, after: $after, action: $action) {\n      edges {\n        node {\n          id\n          ...AuditTable_AuditLogEntryFragment\n        }\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n      }\n    }\n  }\n": typeof types.Audit_PageQueryDocument,
    "\n  query Budgets_PageQuery {\n    budgets {\n      ...BudgetTable_BudgetFragment\n    }\n  }\n": typeof types.Budgets_PageQueryDocument,
    "\n  query Catalogue_PageQuery($operation: Operation) {\n    catalog(operation: $operation) {\n      ...ModelTable_CatalogModelFragment\n    }\n  }\n": typeof types.Catalogue_PageQueryDocument,
    "\n  fragment Generation_GenerationFragment on Generation {\n    id\n    status\n    cached\n    prompt\n    account {\n      id\n      externalId\n    }\n    attempts {\n      ...AttemptTimeline_AttemptFragment\n    }\n    outputs {\n      ...OutputGallery_OutputFragment\n    }\n    ...GenerationFacts_GenerationFragment\n    ...CancelGeneration_GenerationFragment\n  }\n": typeof types.Generation_GenerationFragmentFragmentDoc,
    "\n  query Generation_PageQuery($id: ID!) {\n    generation(id: $id) {\n      ...Generation_GenerationFragment\n    }\n  }\n": typeof types.Generation_PageQueryDocument,
    "\n  subscription Generation_ChangesSubscription($id: ID!) {\n    generation(id: $id) {\n      ...Generation_GenerationFragment\n    }\n  }\n": typeof types.Generation_ChangesSubscriptionDocument,
    "\n  query Generations_PageQuery($status: GenerationStatus, $after: String) {\n    generations(first: 50, after: $after, status: $status) {\n      edges {\n        node {\n          id\n          ...GenerationTable_GenerationFragment\n        }\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n      }\n    }\n  }\n": typeof types.Generations_PageQueryDocument,
    "\n  query Keys_PageQuery($after: String) {\n    apiKeys(first: 50, after: $after) {\n      edges {\n        node {\n          id\n          ...KeyTable_ApiKeyFragment\n        }\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n      }\n    }\n  }\n": typeof types.Keys_PageQueryDocument,
    "\n  query Overview_PageQuery {\n    protection {\n      ...EmergencySwitch_ProtectionFragment\n    }\n    budgets {\n      ...BudgetTable_BudgetFragment\n    }\n    open: alerts(state: OPEN, first: 5) {\n      edges {\n        node {\n          id\n          ...AlertTable_AlertFragment\n        }\n      }\n    }\n    known: alerts(state: ACKNOWLEDGED, first: 5) {\n      edges {\n        node {\n          id\n          ...AlertTable_AlertFragment\n        }\n      }\n    }\n  }\n": typeof types.Overview_PageQueryDocument,
    "\n  subscription Overview_HourSubscription {\n    liveProfit(window: HOUR) {\n      ...LiveFigures_LiveProfitFragment\n    }\n  }\n": typeof types.Overview_HourSubscriptionDocument,
    "\n  subscription Overview_DaySubscription {\n    liveProfit(window: DAY) {\n      reservationsOpen\n      protection {\n        ...EmergencySwitch_ProtectionFragment\n      }\n      ...LiveFigures_LiveProfitFragment\n      byProvider {\n        ...CostBars_ProfitLineFragment\n      }\n      byOperation {\n        ...CostBars_ProfitLineFragment\n      }\n      topAccounts {\n        ...TopAccounts_ProfitLineFragment\n      }\n    }\n  }\n": typeof types.Overview_DaySubscriptionDocument,
    "\n  query Profit_PageQuery(\n    $range: TimeRange!\n    $groupBy: [ProfitDimension!]!\n    $filter: ProfitFilter\n    $timeZone: String!\n    $interval: Interval!\n  ) {\n    profit(range: $range, groupBy: $groupBy, filter: $filter, timeZone: $timeZone) {\n      ...ProfitFigures_ProfitReportFragment\n      series(interval: $interval) {\n        ...ProfitChart_ProfitPointFragment\n      }\n      totals {\n        ...ProfitTable_ProfitLineFragment\n      }\n      lines(first: 200) {\n        ...ProfitTable_ProfitLineFragment\n      }\n    }\n    providers {\n      name\n    }\n  }\n": typeof types.Profit_PageQueryDocument,
    "\n  query Providers_PageQuery {\n    providers {\n      ...ProviderTable_ProviderHealthFragment\n    }\n  }\n": typeof types.Providers_PageQueryDocument,
    "\n  mutation SignIn_SignInMutation($email: String!, $password: String!) {\n    signIn(email: $email, password: $password) {\n      kind\n      scopes\n    }\n  }\n": typeof types.SignIn_SignInMutationDocument,
    "\n  query User_EntriesQuery($id: ID!, $after: String) {\n    account(id: $id) {\n      id\n      entries(first: 50, after: $after) {\n        edges {\n          node {\n            id\n            ...EntryTable_EntryFragment\n          }\n        }\n        pageInfo {\n          hasNextPage\n          endCursor\n        }\n      }\n    }\n  }\n": typeof types.User_EntriesQueryDocument,
    "\n  query User_GrantsQuery($id: ID!, $after: String) {\n    account(id: $id) {\n      id\n      grants(first: 50, after: $after) {\n        edges {\n          node {\n            id\n            ...GrantTable_GrantFragment\n          }\n        }\n        pageInfo {\n          hasNextPage\n          endCursor\n        }\n      }\n    }\n  }\n": typeof types.User_GrantsQueryDocument,
    "\n  query User_GenerationsQuery($id: ID!, $after: String) {\n    account(id: $id) {\n      id\n      generations(first: 50, after: $after) {\n        edges {\n          node {\n            id\n            ...GenerationTable_GenerationFragment\n          }\n        }\n        pageInfo {\n          hasNextPage\n          endCursor\n        }\n      }\n    }\n  }\n": typeof types.User_GenerationsQueryDocument,
    "\n  query User_PageQuery($id: ID!) {\n    account(id: $id) {\n      id\n      externalId\n      tier\n      ...AccountFacts_AccountFragment\n      ...GrantCredits_AccountFragment\n    }\n  }\n": typeof types.User_PageQueryDocument,
    "\n  query Users_PageQuery($search: String, $after: String) {\n    accounts(first: 50, after: $after, search: $search) {\n      edges {\n        node {\n          id\n          ...AccountTable_AccountFragment\n        }\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n      }\n    }\n  }\n": typeof types.Users_PageQueryDocument,
    "\n  query Session_ViewerQuery {\n    viewer {\n      kind\n      scopes\n    }\n  }\n": typeof types.Session_ViewerQueryDocument,
    "\n  mutation Shell_SignOutMutation {\n    signOut\n  }\n": typeof types.Shell_SignOutMutationDocument,
};
const documents: Documents = {
    "\n  fragment AccountFacts_AccountFragment on Account {\n    id\n    externalId\n    email\n    country\n    timeZone\n    createdAt\n    balance {\n      available\n      reserved\n      posted\n    }\n  }\n": types.AccountFacts_AccountFragmentFragmentDoc,
    "\n  subscription AccountFacts_BalanceSubscription($accountId: ID!) {\n    balance(accountId: $accountId) {\n      available\n      reserved\n      posted\n    }\n  }\n": types.AccountFacts_BalanceSubscriptionDocument,
    "\n  fragment AccountTable_AccountFragment on Account {\n    id\n    externalId\n    email\n    country\n    tier\n    createdAt\n    balance {\n      available\n      reserved\n    }\n  }\n": types.AccountTable_AccountFragmentFragmentDoc,
    "\n  fragment EntryTable_EntryFragment on Entry {\n    id\n    kind\n    credits\n    postedDelta\n    reservedDelta\n    availableAfter\n    reason\n    createdAt\n    generation {\n      id\n    }\n  }\n": types.EntryTable_EntryFragmentFragmentDoc,
    "\n  fragment GrantCredits_AccountFragment on Account {\n    id\n    externalId\n    balance {\n      available\n    }\n  }\n": types.GrantCredits_AccountFragmentFragmentDoc,
    "\n  mutation GrantCredits_GrantMutation($input: GrantCreditsInput!) {\n    grantCredits(input: $input) {\n      ... on Grant {\n        id\n        credits\n      }\n      ... on Error {\n        message\n      }\n      ... on InvalidInputError {\n        fields {\n          path\n          message\n        }\n      }\n    }\n  }\n": types.GrantCredits_GrantMutationDocument,
    "\n  fragment GrantTable_GrantFragment on Grant {\n    id\n    source\n    credits\n    remaining\n    effectiveAt\n    expiresAt\n    reason\n    unitRevenue {\n      amount\n      currency\n    }\n  }\n": types.GrantTable_GrantFragmentFragmentDoc,
    "\n  fragment AlertTable_AlertFragment on Alert {\n    id\n    severity\n    state\n    title\n    detail\n    openedAt\n    acknowledgedBy\n  }\n": types.AlertTable_AlertFragmentFragmentDoc,
    "\n  subscription AlertTable_ChangesSubscription {\n    alerts {\n      id\n      sequence\n    }\n  }\n": types.AlertTable_ChangesSubscriptionDocument,
    "\n  mutation AlertTable_AcknowledgeMutation($id: ID!) {\n    acknowledgeAlert(id: $id) {\n      id\n      ...AlertTable_AlertFragment\n    }\n  }\n": types.AlertTable_AcknowledgeMutationDocument,
    "\n  fragment LatestAttempts_AttemptFragment on Attempt {\n    generationId\n    number\n    bookedAt\n    model\n    operation\n    outcome\n    durationMs\n    cost {\n      amount\n      currency\n    }\n    revenue {\n      amount\n      currency\n    }\n  }\n": types.LatestAttempts_AttemptFragmentFragmentDoc,
    "\n  subscription LatestAttempts_AttemptsSubscription {\n    attempts {\n      generationId\n      number\n      ...LatestAttempts_AttemptFragment\n    }\n  }\n": types.LatestAttempts_AttemptsSubscriptionDocument,
    "\n  fragment AuditTable_AuditLogEntryFragment on AuditLogEntry {\n    id\n    at\n    actorName\n    action\n    subject\n    reason\n    detail\n  }\n": types.AuditTable_AuditLogEntryFragmentFragmentDoc,
    "\n  mutation BudgetForm_SetBudgetMutation($input: SetBudgetInput!) {\n    setBudget(input: $input) {\n      ... on Budget {\n        id\n        usage {\n          spent {\n            amount\n          }\n        }\n        ...BudgetTable_BudgetFragment\n      }\n      ... on InvalidInputError {\n        message\n        fields {\n          path\n          message\n        }\n      }\n    }\n  }\n": types.BudgetForm_SetBudgetMutationDocument,
    "\n  fragment BudgetTable_BudgetFragment on Budget {\n    id\n    scope\n    subject\n    period\n    action\n    limit {\n      amount\n      currency\n    }\n    usage {\n      spent {\n        amount\n        currency\n      }\n      reserved {\n        amount\n        currency\n      }\n      limit {\n        amount\n        currency\n      }\n      resetsAt\n    }\n  }\n": types.BudgetTable_BudgetFragmentFragmentDoc,
    "\n  fragment ModelTable_CatalogModelFragment on CatalogModel {\n    id\n    model\n    operation\n    quality\n    available\n    sandbox\n    retiresAt\n    replacedBy\n    note\n    belowFloor\n    costFrom {\n      amount\n      currency\n    }\n    prices {\n      size\n      quality\n      durationSeconds\n      unit\n      credits\n      margin\n      marginMax\n      markup\n      belowFloor\n      cost {\n        amount\n        currency\n      }\n    }\n  }\n": types.ModelTable_CatalogModelFragmentFragmentDoc,
    "\n  fragment AttemptTimeline_AttemptFragment on Attempt {\n    number\n    provider\n    model\n    outcome\n    durationMs\n    startedAt\n    error\n    cost {\n      amount\n      currency\n    }\n    revenue {\n      amount\n      currency\n    }\n  }\n": types.AttemptTimeline_AttemptFragmentFragmentDoc,
    "\n  fragment CancelGeneration_GenerationFragment on Generation {\n    id\n    status\n    creditsReserved\n  }\n": types.CancelGeneration_GenerationFragmentFragmentDoc,
    "\n  mutation CancelGeneration_CancelMutation($id: ID!) {\n    cancelGeneration(id: $id) {\n      ... on Generation {\n        id\n        ...CancelGeneration_GenerationFragment\n      }\n      ... on NotFoundError {\n        message\n      }\n    }\n  }\n": types.CancelGeneration_CancelMutationDocument,
    "\n  fragment GenerationFacts_GenerationFragment on Generation {\n    id\n    operation\n    status\n    model\n    prompt\n    progress\n    creditsReserved\n    creditsCharged\n    margin\n    createdAt\n    completedAt\n    failure {\n      code\n      message\n      retryable\n    }\n    cost {\n      amount\n      currency\n    }\n    revenue {\n      amount\n      currency\n    }\n  }\n": types.GenerationFacts_GenerationFragmentFragmentDoc,
    "\n  fragment GenerationTable_GenerationFragment on Generation {\n    id\n    operation\n    status\n    model\n    cached\n    creditsCharged\n    margin\n    createdAt\n    account {\n      id\n      externalId\n    }\n    cost {\n      amount\n      currency\n    }\n    revenue {\n      amount\n      currency\n    }\n  }\n": types.GenerationTable_GenerationFragmentFragmentDoc,
    "\n  fragment OutputGallery_OutputFragment on Output {\n    id\n    url\n    contentType\n    bytes\n    width\n    height\n    durationSeconds\n    revokedAt\n    expiredAt\n  }\n": types.OutputGallery_OutputFragmentFragmentDoc,
    "\n  fragment KeyTable_ApiKeyFragment on ApiKey {\n    id\n    name\n    prefix\n    scopes\n    createdAt\n    lastUsedAt\n    revokedAt\n  }\n": types.KeyTable_ApiKeyFragmentFragmentDoc,
    "\n  mutation KeyTable_RevokeMutation($id: ID!) {\n    revokeApiKey(id: $id) {\n      id\n      ...KeyTable_ApiKeyFragment\n    }\n  }\n": types.KeyTable_RevokeMutationDocument,
    "\n  mutation NewKey_CreateMutation($input: CreateApiKeyInput!) {\n    createApiKey(input: $input) {\n      ... on NewApiKey {\n        key\n        apiKey {\n          id\n        }\n      }\n      ... on InvalidInputError {\n        fields {\n          path\n          message\n        }\n      }\n    }\n  }\n": types.NewKey_CreateMutationDocument,
    "\n  fragment CostBars_ProfitLineFragment on ProfitLine {\n    provider\n    operation\n    calls\n    margin\n    cost {\n      amount\n      currency\n    }\n  }\n": types.CostBars_ProfitLineFragmentFragmentDoc,
    "\n  fragment LiveFigures_LiveProfitFragment on LiveProfit {\n    reservationsOpen\n    totals {\n      calls\n      failed\n      cacheHits\n      cost {\n        amount\n        currency\n      }\n      lostCost {\n        amount\n        currency\n      }\n      revenue {\n        amount\n        currency\n      }\n      grossProfit {\n        amount\n        currency\n      }\n      margin\n    }\n  }\n": types.LiveFigures_LiveProfitFragmentFragmentDoc,
    "\n  fragment ProfitChart_ProfitPointFragment on ProfitPoint {\n    at\n    calls\n    cost {\n      amount\n      currency\n    }\n    revenue {\n      amount\n    }\n    grossProfit {\n      amount\n    }\n  }\n": types.ProfitChart_ProfitPointFragmentFragmentDoc,
    "\n  fragment ProfitFigures_ProfitReportFragment on ProfitReport {\n    totals {\n      calls\n      failed\n      margin\n      cost {\n        amount\n        currency\n      }\n      lostCost {\n        amount\n        currency\n      }\n      revenue {\n        amount\n        currency\n      }\n      grossProfit {\n        amount\n        currency\n      }\n    }\n    trend {\n      costChange\n      revenueChange\n      grossProfitChange\n      callsChange\n      previous {\n        margin\n      }\n    }\n  }\n": types.ProfitFigures_ProfitReportFragmentFragmentDoc,
    "\n  fragment ProfitTable_ProfitLineFragment on ProfitLine {\n    provider\n    model\n    operation\n    tier\n    country\n    plan\n    account {\n      id\n      externalId\n    }\n    calls\n    failed\n    cacheHits\n    margin\n    averageDurationMs\n    cost {\n      amount\n      currency\n    }\n    lostCost {\n      amount\n      currency\n    }\n    revenue {\n      amount\n      currency\n    }\n    grossProfit {\n      amount\n      currency\n    }\n  }\n": types.ProfitTable_ProfitLineFragmentFragmentDoc,
    "\n  fragment TopAccounts_ProfitLineFragment on ProfitLine {\n    account {\n      id\n      externalId\n      tier\n    }\n    calls\n    margin\n    cost {\n      amount\n      currency\n    }\n    revenue {\n      amount\n      currency\n    }\n  }\n": types.TopAccounts_ProfitLineFragmentFragmentDoc,
    "\n  fragment EmergencySwitch_ProtectionFragment on Protection {\n    state\n    reason\n    since\n    changedBy\n    resetsAt\n    marginToday\n    day {\n      spent {\n        amount\n        currency\n      }\n      reserved {\n        amount\n        currency\n      }\n      limit {\n        amount\n        currency\n      }\n    }\n  }\n": types.EmergencySwitch_ProtectionFragmentFragmentDoc,
    "\n  mutation EmergencySwitch_SuspendMutation($reason: String!) {\n    suspendService(reason: $reason) {\n      ...EmergencySwitch_ProtectionFragment\n    }\n  }\n": types.EmergencySwitch_SuspendMutationDocument,
    "\n  mutation EmergencySwitch_ResumeMutation($reason: String!) {\n    resumeService(reason: $reason) {\n      ...EmergencySwitch_ProtectionFragment\n    }\n  }\n": types.EmergencySwitch_ResumeMutationDocument,
    "\n  fragment ProviderTable_ProviderHealthFragment on ProviderHealth {\n    name\n    configured\n    sandbox\n    circuit\n    since\n    until\n    reason\n  }\n": types.ProviderTable_ProviderHealthFragmentFragmentDoc,
    "\n  query Audit_PageQuery($action: String, $after: String) {\n    auditLog(first: 50, after: $after, action: $action) {\n      edges {\n        node {\n          id\n          ...AuditTable_AuditLogEntryFragment\n        }\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n      }\n    }\n  }\n": types.Audit_PageQueryDocument,
    "\n  query Budgets_PageQuery {\n    budgets {\n      ...BudgetTable_BudgetFragment\n    }\n  }\n": types.Budgets_PageQueryDocument,
    "\n  query Catalogue_PageQuery($operation: Operation) {\n    catalog(operation: $operation) {\n      ...ModelTable_CatalogModelFragment\n    }\n  }\n": types.Catalogue_PageQueryDocument,
    "\n  fragment Generation_GenerationFragment on Generation {\n    id\n    status\n    cached\n    prompt\n    account {\n      id\n      externalId\n    }\n    attempts {\n      ...AttemptTimeline_AttemptFragment\n    }\n    outputs {\n      ...OutputGallery_OutputFragment\n    }\n    ...GenerationFacts_GenerationFragment\n    ...CancelGeneration_GenerationFragment\n  }\n": types.Generation_GenerationFragmentFragmentDoc,
    "\n  query Generation_PageQuery($id: ID!) {\n    generation(id: $id) {\n      ...Generation_GenerationFragment\n    }\n  }\n": types.Generation_PageQueryDocument,
    "\n  subscription Generation_ChangesSubscription($id: ID!) {\n    generation(id: $id) {\n      ...Generation_GenerationFragment\n    }\n  }\n": types.Generation_ChangesSubscriptionDocument,
    "\n  query Generations_PageQuery($status: GenerationStatus, $after: String) {\n    generations(first: 50, after: $after, status: $status) {\n      edges {\n        node {\n          id\n          ...GenerationTable_GenerationFragment\n        }\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n      }\n    }\n  }\n": types.Generations_PageQueryDocument,
    "\n  query Keys_PageQuery($after: String) {\n    apiKeys(first: 50, after: $after) {\n      edges {\n        node {\n          id\n          ...KeyTable_ApiKeyFragment\n        }\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n      }\n    }\n  }\n": types.Keys_PageQueryDocument,
    "\n  query Overview_PageQuery {\n    protection {\n      ...EmergencySwitch_ProtectionFragment\n    }\n    budgets {\n      ...BudgetTable_BudgetFragment\n    }\n    open: alerts(state: OPEN, first: 5) {\n      edges {\n        node {\n          id\n          ...AlertTable_AlertFragment\n        }\n      }\n    }\n    known: alerts(state: ACKNOWLEDGED, first: 5) {\n      edges {\n        node {\n          id\n          ...AlertTable_AlertFragment\n        }\n      }\n    }\n  }\n": types.Overview_PageQueryDocument,
    "\n  subscription Overview_HourSubscription {\n    liveProfit(window: HOUR) {\n      ...LiveFigures_LiveProfitFragment\n    }\n  }\n": types.Overview_HourSubscriptionDocument,
    "\n  subscription Overview_DaySubscription {\n    liveProfit(window: DAY) {\n      reservationsOpen\n      protection {\n        ...EmergencySwitch_ProtectionFragment\n      }\n      ...LiveFigures_LiveProfitFragment\n      byProvider {\n        ...CostBars_ProfitLineFragment\n      }\n      byOperation {\n        ...CostBars_ProfitLineFragment\n      }\n      topAccounts {\n        ...TopAccounts_ProfitLineFragment\n      }\n    }\n  }\n": types.Overview_DaySubscriptionDocument,
    "\n  query Profit_PageQuery(\n    $range: TimeRange!\n    $groupBy: [ProfitDimension!]!\n    $filter: ProfitFilter\n    $timeZone: String!\n    $interval: Interval!\n  ) {\n    profit(range: $range, groupBy: $groupBy, filter: $filter, timeZone: $timeZone) {\n      ...ProfitFigures_ProfitReportFragment\n      series(interval: $interval) {\n        ...ProfitChart_ProfitPointFragment\n      }\n      totals {\n        ...ProfitTable_ProfitLineFragment\n      }\n      lines(first: 200) {\n        ...ProfitTable_ProfitLineFragment\n      }\n    }\n    providers {\n      name\n    }\n  }\n": types.Profit_PageQueryDocument,
    "\n  query Providers_PageQuery {\n    providers {\n      ...ProviderTable_ProviderHealthFragment\n    }\n  }\n": types.Providers_PageQueryDocument,
    "\n  mutation SignIn_SignInMutation($email: String!, $password: String!) {\n    signIn(email: $email, password: $password) {\n      kind\n      scopes\n    }\n  }\n": types.SignIn_SignInMutationDocument,
    "\n  query User_EntriesQuery($id: ID!, $after: String) {\n    account(id: $id) {\n      id\n      entries(first: 50, after: $after) {\n        edges {\n          node {\n            id\n            ...EntryTable_EntryFragment\n          }\n        }\n        pageInfo {\n          hasNextPage\n          endCursor\n        }\n      }\n    }\n  }\n": types.User_EntriesQueryDocument,
    "\n  query User_GrantsQuery($id: ID!, $after: String) {\n    account(id: $id) {\n      id\n      grants(first: 50, after: $after) {\n        edges {\n          node {\n            id\n            ...GrantTable_GrantFragment\n          }\n        }\n        pageInfo {\n          hasNextPage\n          endCursor\n        }\n      }\n    }\n  }\n": types.User_GrantsQueryDocument,
    "\n  query User_GenerationsQuery($id: ID!, $after: String) {\n    account(id: $id) {\n      id\n      generations(first: 50, after: $after) {\n        edges {\n          node {\n            id\n            ...GenerationTable_GenerationFragment\n          }\n        }\n        pageInfo {\n          hasNextPage\n          endCursor\n        }\n      }\n    }\n  }\n": types.User_GenerationsQueryDocument,
    "\n  query User_PageQuery($id: ID!) {\n    account(id: $id) {\n      id\n      externalId\n      tier\n      ...AccountFacts_AccountFragment\n      ...GrantCredits_AccountFragment\n    }\n  }\n": types.User_PageQueryDocument,
    "\n  query Users_PageQuery($search: String, $after: String) {\n    accounts(first: 50, after: $after, search: $search) {\n      edges {\n        node {\n          id\n          ...AccountTable_AccountFragment\n        }\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n      }\n    }\n  }\n": types.Users_PageQueryDocument,
    "\n  query Session_ViewerQuery {\n    viewer {\n      kind\n      scopes\n    }\n  }\n": types.Session_ViewerQueryDocument,
    "\n  mutation Shell_SignOutMutation {\n    signOut\n  }\n": types.Shell_SignOutMutationDocument,
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
export function graphql(source: "\n  fragment AccountFacts_AccountFragment on Account {\n    id\n    externalId\n    email\n    country\n    timeZone\n    createdAt\n    balance {\n      available\n      reserved\n      posted\n    }\n  }\n"): (typeof documents)["\n  fragment AccountFacts_AccountFragment on Account {\n    id\n    externalId\n    email\n    country\n    timeZone\n    createdAt\n    balance {\n      available\n      reserved\n      posted\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  subscription AccountFacts_BalanceSubscription($accountId: ID!) {\n    balance(accountId: $accountId) {\n      available\n      reserved\n      posted\n    }\n  }\n"): (typeof documents)["\n  subscription AccountFacts_BalanceSubscription($accountId: ID!) {\n    balance(accountId: $accountId) {\n      available\n      reserved\n      posted\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment AccountTable_AccountFragment on Account {\n    id\n    externalId\n    email\n    country\n    tier\n    createdAt\n    balance {\n      available\n      reserved\n    }\n  }\n"): (typeof documents)["\n  fragment AccountTable_AccountFragment on Account {\n    id\n    externalId\n    email\n    country\n    tier\n    createdAt\n    balance {\n      available\n      reserved\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment EntryTable_EntryFragment on Entry {\n    id\n    kind\n    credits\n    postedDelta\n    reservedDelta\n    availableAfter\n    reason\n    createdAt\n    generation {\n      id\n    }\n  }\n"): (typeof documents)["\n  fragment EntryTable_EntryFragment on Entry {\n    id\n    kind\n    credits\n    postedDelta\n    reservedDelta\n    availableAfter\n    reason\n    createdAt\n    generation {\n      id\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment GrantCredits_AccountFragment on Account {\n    id\n    externalId\n    balance {\n      available\n    }\n  }\n"): (typeof documents)["\n  fragment GrantCredits_AccountFragment on Account {\n    id\n    externalId\n    balance {\n      available\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation GrantCredits_GrantMutation($input: GrantCreditsInput!) {\n    grantCredits(input: $input) {\n      ... on Grant {\n        id\n        credits\n      }\n      ... on Error {\n        message\n      }\n      ... on InvalidInputError {\n        fields {\n          path\n          message\n        }\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation GrantCredits_GrantMutation($input: GrantCreditsInput!) {\n    grantCredits(input: $input) {\n      ... on Grant {\n        id\n        credits\n      }\n      ... on Error {\n        message\n      }\n      ... on InvalidInputError {\n        fields {\n          path\n          message\n        }\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment GrantTable_GrantFragment on Grant {\n    id\n    source\n    credits\n    remaining\n    effectiveAt\n    expiresAt\n    reason\n    unitRevenue {\n      amount\n      currency\n    }\n  }\n"): (typeof documents)["\n  fragment GrantTable_GrantFragment on Grant {\n    id\n    source\n    credits\n    remaining\n    effectiveAt\n    expiresAt\n    reason\n    unitRevenue {\n      amount\n      currency\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment AlertTable_AlertFragment on Alert {\n    id\n    severity\n    state\n    title\n    detail\n    openedAt\n    acknowledgedBy\n  }\n"): (typeof documents)["\n  fragment AlertTable_AlertFragment on Alert {\n    id\n    severity\n    state\n    title\n    detail\n    openedAt\n    acknowledgedBy\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  subscription AlertTable_ChangesSubscription {\n    alerts {\n      id\n      sequence\n    }\n  }\n"): (typeof documents)["\n  subscription AlertTable_ChangesSubscription {\n    alerts {\n      id\n      sequence\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation AlertTable_AcknowledgeMutation($id: ID!) {\n    acknowledgeAlert(id: $id) {\n      id\n      ...AlertTable_AlertFragment\n    }\n  }\n"): (typeof documents)["\n  mutation AlertTable_AcknowledgeMutation($id: ID!) {\n    acknowledgeAlert(id: $id) {\n      id\n      ...AlertTable_AlertFragment\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment LatestAttempts_AttemptFragment on Attempt {\n    generationId\n    number\n    bookedAt\n    model\n    operation\n    outcome\n    durationMs\n    cost {\n      amount\n      currency\n    }\n    revenue {\n      amount\n      currency\n    }\n  }\n"): (typeof documents)["\n  fragment LatestAttempts_AttemptFragment on Attempt {\n    generationId\n    number\n    bookedAt\n    model\n    operation\n    outcome\n    durationMs\n    cost {\n      amount\n      currency\n    }\n    revenue {\n      amount\n      currency\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  subscription LatestAttempts_AttemptsSubscription {\n    attempts {\n      generationId\n      number\n      ...LatestAttempts_AttemptFragment\n    }\n  }\n"): (typeof documents)["\n  subscription LatestAttempts_AttemptsSubscription {\n    attempts {\n      generationId\n      number\n      ...LatestAttempts_AttemptFragment\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment AuditTable_AuditLogEntryFragment on AuditLogEntry {\n    id\n    at\n    actorName\n    action\n    subject\n    reason\n    detail\n  }\n"): (typeof documents)["\n  fragment AuditTable_AuditLogEntryFragment on AuditLogEntry {\n    id\n    at\n    actorName\n    action\n    subject\n    reason\n    detail\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation BudgetForm_SetBudgetMutation($input: SetBudgetInput!) {\n    setBudget(input: $input) {\n      ... on Budget {\n        id\n        usage {\n          spent {\n            amount\n          }\n        }\n        ...BudgetTable_BudgetFragment\n      }\n      ... on InvalidInputError {\n        message\n        fields {\n          path\n          message\n        }\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation BudgetForm_SetBudgetMutation($input: SetBudgetInput!) {\n    setBudget(input: $input) {\n      ... on Budget {\n        id\n        usage {\n          spent {\n            amount\n          }\n        }\n        ...BudgetTable_BudgetFragment\n      }\n      ... on InvalidInputError {\n        message\n        fields {\n          path\n          message\n        }\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment BudgetTable_BudgetFragment on Budget {\n    id\n    scope\n    subject\n    period\n    action\n    limit {\n      amount\n      currency\n    }\n    usage {\n      spent {\n        amount\n        currency\n      }\n      reserved {\n        amount\n        currency\n      }\n      limit {\n        amount\n        currency\n      }\n      resetsAt\n    }\n  }\n"): (typeof documents)["\n  fragment BudgetTable_BudgetFragment on Budget {\n    id\n    scope\n    subject\n    period\n    action\n    limit {\n      amount\n      currency\n    }\n    usage {\n      spent {\n        amount\n        currency\n      }\n      reserved {\n        amount\n        currency\n      }\n      limit {\n        amount\n        currency\n      }\n      resetsAt\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment ModelTable_CatalogModelFragment on CatalogModel {\n    id\n    model\n    operation\n    quality\n    available\n    sandbox\n    retiresAt\n    replacedBy\n    note\n    belowFloor\n    costFrom {\n      amount\n      currency\n    }\n    prices {\n      size\n      quality\n      durationSeconds\n      unit\n      credits\n      margin\n      marginMax\n      markup\n      belowFloor\n      cost {\n        amount\n        currency\n      }\n    }\n  }\n"): (typeof documents)["\n  fragment ModelTable_CatalogModelFragment on CatalogModel {\n    id\n    model\n    operation\n    quality\n    available\n    sandbox\n    retiresAt\n    replacedBy\n    note\n    belowFloor\n    costFrom {\n      amount\n      currency\n    }\n    prices {\n      size\n      quality\n      durationSeconds\n      unit\n      credits\n      margin\n      marginMax\n      markup\n      belowFloor\n      cost {\n        amount\n        currency\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment AttemptTimeline_AttemptFragment on Attempt {\n    number\n    provider\n    model\n    outcome\n    durationMs\n    startedAt\n    error\n    cost {\n      amount\n      currency\n    }\n    revenue {\n      amount\n      currency\n    }\n  }\n"): (typeof documents)["\n  fragment AttemptTimeline_AttemptFragment on Attempt {\n    number\n    provider\n    model\n    outcome\n    durationMs\n    startedAt\n    error\n    cost {\n      amount\n      currency\n    }\n    revenue {\n      amount\n      currency\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment CancelGeneration_GenerationFragment on Generation {\n    id\n    status\n    creditsReserved\n  }\n"): (typeof documents)["\n  fragment CancelGeneration_GenerationFragment on Generation {\n    id\n    status\n    creditsReserved\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation CancelGeneration_CancelMutation($id: ID!) {\n    cancelGeneration(id: $id) {\n      ... on Generation {\n        id\n        ...CancelGeneration_GenerationFragment\n      }\n      ... on NotFoundError {\n        message\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation CancelGeneration_CancelMutation($id: ID!) {\n    cancelGeneration(id: $id) {\n      ... on Generation {\n        id\n        ...CancelGeneration_GenerationFragment\n      }\n      ... on NotFoundError {\n        message\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment GenerationFacts_GenerationFragment on Generation {\n    id\n    operation\n    status\n    model\n    prompt\n    progress\n    creditsReserved\n    creditsCharged\n    margin\n    createdAt\n    completedAt\n    failure {\n      code\n      message\n      retryable\n    }\n    cost {\n      amount\n      currency\n    }\n    revenue {\n      amount\n      currency\n    }\n  }\n"): (typeof documents)["\n  fragment GenerationFacts_GenerationFragment on Generation {\n    id\n    operation\n    status\n    model\n    prompt\n    progress\n    creditsReserved\n    creditsCharged\n    margin\n    createdAt\n    completedAt\n    failure {\n      code\n      message\n      retryable\n    }\n    cost {\n      amount\n      currency\n    }\n    revenue {\n      amount\n      currency\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment GenerationTable_GenerationFragment on Generation {\n    id\n    operation\n    status\n    model\n    cached\n    creditsCharged\n    margin\n    createdAt\n    account {\n      id\n      externalId\n    }\n    cost {\n      amount\n      currency\n    }\n    revenue {\n      amount\n      currency\n    }\n  }\n"): (typeof documents)["\n  fragment GenerationTable_GenerationFragment on Generation {\n    id\n    operation\n    status\n    model\n    cached\n    creditsCharged\n    margin\n    createdAt\n    account {\n      id\n      externalId\n    }\n    cost {\n      amount\n      currency\n    }\n    revenue {\n      amount\n      currency\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment OutputGallery_OutputFragment on Output {\n    id\n    url\n    contentType\n    bytes\n    width\n    height\n    durationSeconds\n    revokedAt\n    expiredAt\n  }\n"): (typeof documents)["\n  fragment OutputGallery_OutputFragment on Output {\n    id\n    url\n    contentType\n    bytes\n    width\n    height\n    durationSeconds\n    revokedAt\n    expiredAt\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment KeyTable_ApiKeyFragment on ApiKey {\n    id\n    name\n    prefix\n    scopes\n    createdAt\n    lastUsedAt\n    revokedAt\n  }\n"): (typeof documents)["\n  fragment KeyTable_ApiKeyFragment on ApiKey {\n    id\n    name\n    prefix\n    scopes\n    createdAt\n    lastUsedAt\n    revokedAt\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation KeyTable_RevokeMutation($id: ID!) {\n    revokeApiKey(id: $id) {\n      id\n      ...KeyTable_ApiKeyFragment\n    }\n  }\n"): (typeof documents)["\n  mutation KeyTable_RevokeMutation($id: ID!) {\n    revokeApiKey(id: $id) {\n      id\n      ...KeyTable_ApiKeyFragment\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation NewKey_CreateMutation($input: CreateApiKeyInput!) {\n    createApiKey(input: $input) {\n      ... on NewApiKey {\n        key\n        apiKey {\n          id\n        }\n      }\n      ... on InvalidInputError {\n        fields {\n          path\n          message\n        }\n      }\n    }\n  }\n"): (typeof documents)["\n  mutation NewKey_CreateMutation($input: CreateApiKeyInput!) {\n    createApiKey(input: $input) {\n      ... on NewApiKey {\n        key\n        apiKey {\n          id\n        }\n      }\n      ... on InvalidInputError {\n        fields {\n          path\n          message\n        }\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment CostBars_ProfitLineFragment on ProfitLine {\n    provider\n    operation\n    calls\n    margin\n    cost {\n      amount\n      currency\n    }\n  }\n"): (typeof documents)["\n  fragment CostBars_ProfitLineFragment on ProfitLine {\n    provider\n    operation\n    calls\n    margin\n    cost {\n      amount\n      currency\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment LiveFigures_LiveProfitFragment on LiveProfit {\n    reservationsOpen\n    totals {\n      calls\n      failed\n      cacheHits\n      cost {\n        amount\n        currency\n      }\n      lostCost {\n        amount\n        currency\n      }\n      revenue {\n        amount\n        currency\n      }\n      grossProfit {\n        amount\n        currency\n      }\n      margin\n    }\n  }\n"): (typeof documents)["\n  fragment LiveFigures_LiveProfitFragment on LiveProfit {\n    reservationsOpen\n    totals {\n      calls\n      failed\n      cacheHits\n      cost {\n        amount\n        currency\n      }\n      lostCost {\n        amount\n        currency\n      }\n      revenue {\n        amount\n        currency\n      }\n      grossProfit {\n        amount\n        currency\n      }\n      margin\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment ProfitChart_ProfitPointFragment on ProfitPoint {\n    at\n    calls\n    cost {\n      amount\n      currency\n    }\n    revenue {\n      amount\n    }\n    grossProfit {\n      amount\n    }\n  }\n"): (typeof documents)["\n  fragment ProfitChart_ProfitPointFragment on ProfitPoint {\n    at\n    calls\n    cost {\n      amount\n      currency\n    }\n    revenue {\n      amount\n    }\n    grossProfit {\n      amount\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment ProfitFigures_ProfitReportFragment on ProfitReport {\n    totals {\n      calls\n      failed\n      margin\n      cost {\n        amount\n        currency\n      }\n      lostCost {\n        amount\n        currency\n      }\n      revenue {\n        amount\n        currency\n      }\n      grossProfit {\n        amount\n        currency\n      }\n    }\n    trend {\n      costChange\n      revenueChange\n      grossProfitChange\n      callsChange\n      previous {\n        margin\n      }\n    }\n  }\n"): (typeof documents)["\n  fragment ProfitFigures_ProfitReportFragment on ProfitReport {\n    totals {\n      calls\n      failed\n      margin\n      cost {\n        amount\n        currency\n      }\n      lostCost {\n        amount\n        currency\n      }\n      revenue {\n        amount\n        currency\n      }\n      grossProfit {\n        amount\n        currency\n      }\n    }\n    trend {\n      costChange\n      revenueChange\n      grossProfitChange\n      callsChange\n      previous {\n        margin\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment ProfitTable_ProfitLineFragment on ProfitLine {\n    provider\n    model\n    operation\n    tier\n    country\n    plan\n    account {\n      id\n      externalId\n    }\n    calls\n    failed\n    cacheHits\n    margin\n    averageDurationMs\n    cost {\n      amount\n      currency\n    }\n    lostCost {\n      amount\n      currency\n    }\n    revenue {\n      amount\n      currency\n    }\n    grossProfit {\n      amount\n      currency\n    }\n  }\n"): (typeof documents)["\n  fragment ProfitTable_ProfitLineFragment on ProfitLine {\n    provider\n    model\n    operation\n    tier\n    country\n    plan\n    account {\n      id\n      externalId\n    }\n    calls\n    failed\n    cacheHits\n    margin\n    averageDurationMs\n    cost {\n      amount\n      currency\n    }\n    lostCost {\n      amount\n      currency\n    }\n    revenue {\n      amount\n      currency\n    }\n    grossProfit {\n      amount\n      currency\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment TopAccounts_ProfitLineFragment on ProfitLine {\n    account {\n      id\n      externalId\n      tier\n    }\n    calls\n    margin\n    cost {\n      amount\n      currency\n    }\n    revenue {\n      amount\n      currency\n    }\n  }\n"): (typeof documents)["\n  fragment TopAccounts_ProfitLineFragment on ProfitLine {\n    account {\n      id\n      externalId\n      tier\n    }\n    calls\n    margin\n    cost {\n      amount\n      currency\n    }\n    revenue {\n      amount\n      currency\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment EmergencySwitch_ProtectionFragment on Protection {\n    state\n    reason\n    since\n    changedBy\n    resetsAt\n    marginToday\n    day {\n      spent {\n        amount\n        currency\n      }\n      reserved {\n        amount\n        currency\n      }\n      limit {\n        amount\n        currency\n      }\n    }\n  }\n"): (typeof documents)["\n  fragment EmergencySwitch_ProtectionFragment on Protection {\n    state\n    reason\n    since\n    changedBy\n    resetsAt\n    marginToday\n    day {\n      spent {\n        amount\n        currency\n      }\n      reserved {\n        amount\n        currency\n      }\n      limit {\n        amount\n        currency\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation EmergencySwitch_SuspendMutation($reason: String!) {\n    suspendService(reason: $reason) {\n      ...EmergencySwitch_ProtectionFragment\n    }\n  }\n"): (typeof documents)["\n  mutation EmergencySwitch_SuspendMutation($reason: String!) {\n    suspendService(reason: $reason) {\n      ...EmergencySwitch_ProtectionFragment\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation EmergencySwitch_ResumeMutation($reason: String!) {\n    resumeService(reason: $reason) {\n      ...EmergencySwitch_ProtectionFragment\n    }\n  }\n"): (typeof documents)["\n  mutation EmergencySwitch_ResumeMutation($reason: String!) {\n    resumeService(reason: $reason) {\n      ...EmergencySwitch_ProtectionFragment\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment ProviderTable_ProviderHealthFragment on ProviderHealth {\n    name\n    configured\n    sandbox\n    circuit\n    since\n    until\n    reason\n  }\n"): (typeof documents)["\n  fragment ProviderTable_ProviderHealthFragment on ProviderHealth {\n    name\n    configured\n    sandbox\n    circuit\n    since\n    until\n    reason\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Audit_PageQuery($action: String, $after: String) {\n    auditLog(first: 50, after: $after, action: $action) {\n      edges {\n        node {\n          id\n          ...AuditTable_AuditLogEntryFragment\n        }\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n      }\n    }\n  }\n"): (typeof documents)["\n  query Audit_PageQuery($action: String, $after: String) {\n    auditLog(first: 50, after: $after, action: $action) {\n      edges {\n        node {\n          id\n          ...AuditTable_AuditLogEntryFragment\n        }\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Budgets_PageQuery {\n    budgets {\n      ...BudgetTable_BudgetFragment\n    }\n  }\n"): (typeof documents)["\n  query Budgets_PageQuery {\n    budgets {\n      ...BudgetTable_BudgetFragment\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Catalogue_PageQuery($operation: Operation) {\n    catalog(operation: $operation) {\n      ...ModelTable_CatalogModelFragment\n    }\n  }\n"): (typeof documents)["\n  query Catalogue_PageQuery($operation: Operation) {\n    catalog(operation: $operation) {\n      ...ModelTable_CatalogModelFragment\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  fragment Generation_GenerationFragment on Generation {\n    id\n    status\n    cached\n    prompt\n    account {\n      id\n      externalId\n    }\n    attempts {\n      ...AttemptTimeline_AttemptFragment\n    }\n    outputs {\n      ...OutputGallery_OutputFragment\n    }\n    ...GenerationFacts_GenerationFragment\n    ...CancelGeneration_GenerationFragment\n  }\n"): (typeof documents)["\n  fragment Generation_GenerationFragment on Generation {\n    id\n    status\n    cached\n    prompt\n    account {\n      id\n      externalId\n    }\n    attempts {\n      ...AttemptTimeline_AttemptFragment\n    }\n    outputs {\n      ...OutputGallery_OutputFragment\n    }\n    ...GenerationFacts_GenerationFragment\n    ...CancelGeneration_GenerationFragment\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Generation_PageQuery($id: ID!) {\n    generation(id: $id) {\n      ...Generation_GenerationFragment\n    }\n  }\n"): (typeof documents)["\n  query Generation_PageQuery($id: ID!) {\n    generation(id: $id) {\n      ...Generation_GenerationFragment\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  subscription Generation_ChangesSubscription($id: ID!) {\n    generation(id: $id) {\n      ...Generation_GenerationFragment\n    }\n  }\n"): (typeof documents)["\n  subscription Generation_ChangesSubscription($id: ID!) {\n    generation(id: $id) {\n      ...Generation_GenerationFragment\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Generations_PageQuery($status: GenerationStatus, $after: String) {\n    generations(first: 50, after: $after, status: $status) {\n      edges {\n        node {\n          id\n          ...GenerationTable_GenerationFragment\n        }\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n      }\n    }\n  }\n"): (typeof documents)["\n  query Generations_PageQuery($status: GenerationStatus, $after: String) {\n    generations(first: 50, after: $after, status: $status) {\n      edges {\n        node {\n          id\n          ...GenerationTable_GenerationFragment\n        }\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Keys_PageQuery($after: String) {\n    apiKeys(first: 50, after: $after) {\n      edges {\n        node {\n          id\n          ...KeyTable_ApiKeyFragment\n        }\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n      }\n    }\n  }\n"): (typeof documents)["\n  query Keys_PageQuery($after: String) {\n    apiKeys(first: 50, after: $after) {\n      edges {\n        node {\n          id\n          ...KeyTable_ApiKeyFragment\n        }\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Overview_PageQuery {\n    protection {\n      ...EmergencySwitch_ProtectionFragment\n    }\n    budgets {\n      ...BudgetTable_BudgetFragment\n    }\n    open: alerts(state: OPEN, first: 5) {\n      edges {\n        node {\n          id\n          ...AlertTable_AlertFragment\n        }\n      }\n    }\n    known: alerts(state: ACKNOWLEDGED, first: 5) {\n      edges {\n        node {\n          id\n          ...AlertTable_AlertFragment\n        }\n      }\n    }\n  }\n"): (typeof documents)["\n  query Overview_PageQuery {\n    protection {\n      ...EmergencySwitch_ProtectionFragment\n    }\n    budgets {\n      ...BudgetTable_BudgetFragment\n    }\n    open: alerts(state: OPEN, first: 5) {\n      edges {\n        node {\n          id\n          ...AlertTable_AlertFragment\n        }\n      }\n    }\n    known: alerts(state: ACKNOWLEDGED, first: 5) {\n      edges {\n        node {\n          id\n          ...AlertTable_AlertFragment\n        }\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  subscription Overview_HourSubscription {\n    liveProfit(window: HOUR) {\n      ...LiveFigures_LiveProfitFragment\n    }\n  }\n"): (typeof documents)["\n  subscription Overview_HourSubscription {\n    liveProfit(window: HOUR) {\n      ...LiveFigures_LiveProfitFragment\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  subscription Overview_DaySubscription {\n    liveProfit(window: DAY) {\n      reservationsOpen\n      protection {\n        ...EmergencySwitch_ProtectionFragment\n      }\n      ...LiveFigures_LiveProfitFragment\n      byProvider {\n        ...CostBars_ProfitLineFragment\n      }\n      byOperation {\n        ...CostBars_ProfitLineFragment\n      }\n      topAccounts {\n        ...TopAccounts_ProfitLineFragment\n      }\n    }\n  }\n"): (typeof documents)["\n  subscription Overview_DaySubscription {\n    liveProfit(window: DAY) {\n      reservationsOpen\n      protection {\n        ...EmergencySwitch_ProtectionFragment\n      }\n      ...LiveFigures_LiveProfitFragment\n      byProvider {\n        ...CostBars_ProfitLineFragment\n      }\n      byOperation {\n        ...CostBars_ProfitLineFragment\n      }\n      topAccounts {\n        ...TopAccounts_ProfitLineFragment\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Profit_PageQuery(\n    $range: TimeRange!\n    $groupBy: [ProfitDimension!]!\n    $filter: ProfitFilter\n    $timeZone: String!\n    $interval: Interval!\n  ) {\n    profit(range: $range, groupBy: $groupBy, filter: $filter, timeZone: $timeZone) {\n      ...ProfitFigures_ProfitReportFragment\n      series(interval: $interval) {\n        ...ProfitChart_ProfitPointFragment\n      }\n      totals {\n        ...ProfitTable_ProfitLineFragment\n      }\n      lines(first: 200) {\n        ...ProfitTable_ProfitLineFragment\n      }\n    }\n    providers {\n      name\n    }\n  }\n"): (typeof documents)["\n  query Profit_PageQuery(\n    $range: TimeRange!\n    $groupBy: [ProfitDimension!]!\n    $filter: ProfitFilter\n    $timeZone: String!\n    $interval: Interval!\n  ) {\n    profit(range: $range, groupBy: $groupBy, filter: $filter, timeZone: $timeZone) {\n      ...ProfitFigures_ProfitReportFragment\n      series(interval: $interval) {\n        ...ProfitChart_ProfitPointFragment\n      }\n      totals {\n        ...ProfitTable_ProfitLineFragment\n      }\n      lines(first: 200) {\n        ...ProfitTable_ProfitLineFragment\n      }\n    }\n    providers {\n      name\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Providers_PageQuery {\n    providers {\n      ...ProviderTable_ProviderHealthFragment\n    }\n  }\n"): (typeof documents)["\n  query Providers_PageQuery {\n    providers {\n      ...ProviderTable_ProviderHealthFragment\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation SignIn_SignInMutation($email: String!, $password: String!) {\n    signIn(email: $email, password: $password) {\n      kind\n      scopes\n    }\n  }\n"): (typeof documents)["\n  mutation SignIn_SignInMutation($email: String!, $password: String!) {\n    signIn(email: $email, password: $password) {\n      kind\n      scopes\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query User_EntriesQuery($id: ID!, $after: String) {\n    account(id: $id) {\n      id\n      entries(first: 50, after: $after) {\n        edges {\n          node {\n            id\n            ...EntryTable_EntryFragment\n          }\n        }\n        pageInfo {\n          hasNextPage\n          endCursor\n        }\n      }\n    }\n  }\n"): (typeof documents)["\n  query User_EntriesQuery($id: ID!, $after: String) {\n    account(id: $id) {\n      id\n      entries(first: 50, after: $after) {\n        edges {\n          node {\n            id\n            ...EntryTable_EntryFragment\n          }\n        }\n        pageInfo {\n          hasNextPage\n          endCursor\n        }\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query User_GrantsQuery($id: ID!, $after: String) {\n    account(id: $id) {\n      id\n      grants(first: 50, after: $after) {\n        edges {\n          node {\n            id\n            ...GrantTable_GrantFragment\n          }\n        }\n        pageInfo {\n          hasNextPage\n          endCursor\n        }\n      }\n    }\n  }\n"): (typeof documents)["\n  query User_GrantsQuery($id: ID!, $after: String) {\n    account(id: $id) {\n      id\n      grants(first: 50, after: $after) {\n        edges {\n          node {\n            id\n            ...GrantTable_GrantFragment\n          }\n        }\n        pageInfo {\n          hasNextPage\n          endCursor\n        }\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query User_GenerationsQuery($id: ID!, $after: String) {\n    account(id: $id) {\n      id\n      generations(first: 50, after: $after) {\n        edges {\n          node {\n            id\n            ...GenerationTable_GenerationFragment\n          }\n        }\n        pageInfo {\n          hasNextPage\n          endCursor\n        }\n      }\n    }\n  }\n"): (typeof documents)["\n  query User_GenerationsQuery($id: ID!, $after: String) {\n    account(id: $id) {\n      id\n      generations(first: 50, after: $after) {\n        edges {\n          node {\n            id\n            ...GenerationTable_GenerationFragment\n          }\n        }\n        pageInfo {\n          hasNextPage\n          endCursor\n        }\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query User_PageQuery($id: ID!) {\n    account(id: $id) {\n      id\n      externalId\n      tier\n      ...AccountFacts_AccountFragment\n      ...GrantCredits_AccountFragment\n    }\n  }\n"): (typeof documents)["\n  query User_PageQuery($id: ID!) {\n    account(id: $id) {\n      id\n      externalId\n      tier\n      ...AccountFacts_AccountFragment\n      ...GrantCredits_AccountFragment\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Users_PageQuery($search: String, $after: String) {\n    accounts(first: 50, after: $after, search: $search) {\n      edges {\n        node {\n          id\n          ...AccountTable_AccountFragment\n        }\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n      }\n    }\n  }\n"): (typeof documents)["\n  query Users_PageQuery($search: String, $after: String) {\n    accounts(first: 50, after: $after, search: $search) {\n      edges {\n        node {\n          id\n          ...AccountTable_AccountFragment\n        }\n      }\n      pageInfo {\n        hasNextPage\n        endCursor\n      }\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  query Session_ViewerQuery {\n    viewer {\n      kind\n      scopes\n    }\n  }\n"): (typeof documents)["\n  query Session_ViewerQuery {\n    viewer {\n      kind\n      scopes\n    }\n  }\n"];
/**
 * The graphql function is used to parse GraphQL queries into a document that can be used by GraphQL clients.
 */
export function graphql(source: "\n  mutation Shell_SignOutMutation {\n    signOut\n  }\n"): (typeof documents)["\n  mutation Shell_SignOutMutation {\n    signOut\n  }\n"];

export function graphql(source: string) {
  return (documents as any)[source] ?? {};
}

export type DocumentType<TDocumentNode extends DocumentNode<any, any>> = TDocumentNode extends DocumentNode<  infer TType,  any>  ? TType  : never;