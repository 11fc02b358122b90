/** How fields say what people call a plan or a pack that is named by its id beside them. */
const nameOf = (kind: string) =>
  `For people: with its price list where ${kind}s of several are called the same; its id where no such ${kind} was sold here.`;

export const PLAN_NAME = nameOf('plan');
export const PACK_NAME = nameOf('pack');
