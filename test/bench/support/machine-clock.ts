/** One clock for all processes of the machine, in milliseconds. */
export const machineMs = () => Number(process.hrtime.bigint() / 1_000n) / 1_000;
