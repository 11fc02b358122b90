/** The command line: `npm run solvent -- help`. */
import { runCommand } from './run.ts';

process.exitCode = await runCommand(process.argv.slice(2), process.env, {
  print: (line) => process.stdout.write(`${line}\n`),
  complain: (line) => process.stderr.write(`${line}\n`),
});
