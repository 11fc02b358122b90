/**
 * How often a test does what it repeats. By default so often that all of `npm test` takes minutes;
 * `TEST_LONG=on npm test -- test/faults` is for whoever has changed what a suite guards, and has more time.
 */

/** Whether tests are to take their time. */
const long = process.env.TEST_LONG === 'on';

/**
 * @param usual how often by default.
 * @param many how often with `TEST_LONG=on`.
 */
export const rounds = (usual: number, many: number): number => (long ? many : usual);

/** Random histories of a property: {@link rounds}, or as many as `FC_RUNS` says. */
export const histories = (usual: number, many: number): number =>
  Number(process.env.FC_RUNS ?? rounds(usual, many));
