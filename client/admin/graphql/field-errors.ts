/** What the server says of an input's fields, as a form takes it. */

/** A problem with one field of an input. */
interface FieldProblem {
  readonly path: string;
  readonly message: string;
}

/**
 * Problems by the form's fields, for `form.setErrors`.
 *
 * @param fieldOf the form's field for a path of the input, where they have different names.
 */
export const fieldErrors = (
  problems: readonly FieldProblem[],
  fieldOf = (path: string): string | undefined => path,
): Record<string, string> =>
  Object.fromEntries(problems.map(({ path, message }) => [fieldOf(path), message]));
