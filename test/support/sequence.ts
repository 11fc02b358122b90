/**
 * The order of the suites: those that take a minute come first, so that none of them is left over when all others are
 * done. Vitest knows how long each took the last time; a fresh clone does not.
 */
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Longest first. */
const LONG = [
  'test/browser/admin.test',
  'test/faults/workers',
  'test/faults/postgres',
  'test/faults/crash',
  'test/ledger/property',
  'test/http/process',
  'test/browser/',
  'test/generation/',
  'test/faults/',
];

const rankOf = ({ moduleId }: TestSpecification): number => {
  const rank = LONG.findIndex((path) => moduleId.includes(path));
  return rank < 0 ? LONG.length : rank;
};

/** Long suites first, the others as Vitest would have them. */
export default class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    return sorted.toSorted((one, other) => rankOf(one) - rankOf(other));
  }
}
