/** How fields say what people call a plan or a pack that is named by its id beside them. */
const nameOf = (kind: string) =>
  `For people: with its price list where ${kind}s of several are called the same; its id where no such ${kind} was sold here.`;

/** The description of a field with a plan's name. */
export const PLAN_NAME = nameOf('plan');
/** The description of a field with a pack's name. */
export const PACK_NAME = nameOf('pack');
