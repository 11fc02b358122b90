/** Portkey's gateway, unchanged, as a worker of a bench: loaded as its own command line loads it. */
import { connect } from 'node:net';
import { setTimeout as wait } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { answerBench } from './worker.ts';

const { PORTKEY_START = '', PORTKEY_PORT = '' } = process.env;

process.argv = [process.execPath, PORTKEY_START, '--headless', `--port=${PORTKEY_PORT}`];
await import(pathToFileURL(PORTKEY_START).href);

function answers(): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(Number(PORTKEY_PORT), '127.0.0.1', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}
while (!(await answers())) await wait(50);

answerBench({ url: () => `http://127.0.0.1:${PORTKEY_PORT}` });
