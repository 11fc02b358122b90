/** Values of the schema in words for people, where texts for operators name them. The pages say the same by `wordsOf` of their own. */

/** Values whose words are not their own. */
const NAMES: Readonly<Record<string, string>> = { PAYG: 'Pay as you go' };

/** `GENERATE_IMAGE` as "Generate image": an operation or a tier for people. */
export function wordsOf(value: string): string {
  const name = NAMES[value];
  if (name !== undefined) return name;
  const words = value.toLowerCase().replaceAll('_', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}
