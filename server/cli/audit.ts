import { parseArgs } from 'node:util';
import { runAudit } from '../audit/index.ts';
import { type Command, FAILED, OK } from './command.ts';

/** `solvent audit`: a line an invariant; what breaks one stands below it. */
export const audit: Command = {
  usage: [{ call: 'audit', does: 'Check all the books; the exit code is 0 only when every line holds.' }],
  parse(args) {
    parseArgs({ args: [...args], options: {}, allowPositionals: false, strict: true });
    return async ({ database, terminal }) => {
      const lines = await runAudit(database);
      for (const { ok, invariant, checked, broken, findings } of lines) {
        terminal.print(`${ok ? '✓' : '✗'} ${invariant} (${ok ? '' : `${broken} of `}${checked})`);
        for (const finding of findings) terminal.print(`    ${finding}`);
        if (broken > findings.length) terminal.print(`    … and ${broken - findings.length} more`);
      }
      const failed = lines.filter((line) => !line.ok).length;
      if (failed === 0) {
        terminal.print(`The books are in order: all ${lines.length} invariants hold.`);
        return OK;
      }
      terminal.print(`The books are not in order: ${failed} of ${lines.length} invariants do not hold.`);
      return FAILED;
    };
  },
};
