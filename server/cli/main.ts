/** The command line: `npm run solvent -- help`. */
import { keepCompiled } from '../compiled.ts';

keepCompiled();
const { runCommand } = await import('./run.ts');

// A reader such as `head` that has seen enough ends the command.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

process.exitCode = await runCommand(process.argv.slice(2), process.env, {
  print: (line) => process.stdout.write(`${line}\n`),
  complain: (line) => process.stderr.write(`${line}\n`),
  ...(process.stderr.isTTY && process.stdout.isTTY
    ? {
        screen: {
          columns: process.stderr.columns,
          redraw: (line: string) => process.stderr.write(`\r\u001b[K${line}`),
        },
      }
    : {}),
});
