/**
 * Processes of a bench. Each side of a comparison runs in one of its own, so that neither pays for the other's garbage
 * or warms the other's code; the bench asks them things over Node's own channel.
 */
import { type ChildProcess, fork } from 'node:child_process';

interface Question {
  readonly number: number;
  readonly method: string;
  readonly argument: unknown;
}

type Answer = { readonly number: number } & ({ readonly value: unknown } | { readonly error: string });

/** What every worker can be asked for, beside its own methods. */
const shared = {
  /** Milliseconds of processor time that it has used. */
  cpu: () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  },
};

/** Called by a worker's program: answers the bench's questions by these methods until the bench goes away. */
export function answerBench(methods: Readonly<Record<string, (argument: never) => unknown>>): void {
  const known: Readonly<Record<string, (argument: never) => unknown>> = { ...shared, ...methods };
  process.on('message', (question: Question) => {
    Promise.try(() => {
      const method = known[question.method];
      if (!method) throw new Error(`There is no method ${question.method}.`);
      return method(question.argument as never);
    }).then(
      (value) => process.send?.({ number: question.number, value } satisfies Answer),
      (error: unknown) => process.send?.({ number: question.number, error: String(error) } satisfies Answer),
    );
  });
  process.on('disconnect', () => process.exit());
  process.send?.('ready');
}

export interface WorkerOptions {
  /** Variables beside PATH; nothing else of the environment gets through, a developer's vendor keys least of all. */
  readonly env?: Readonly<Record<string, string>>;
  /** Options of Node itself, such as `--expose-gc`. */
  readonly node?: readonly string[];
}

/** A running worker. */
export class Worker implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #open = new Map<number, { resolve: (value: never) => void; reject: (error: Error) => void }>();
  #number = 0;

  private constructor(child: ChildProcess) {
    this.#child = child;
    child.on('message', (message: Answer) => {
      const open = this.#open.get(message.number);
      this.#open.delete(message.number);
      if ('error' in message) open?.reject(new Error(message.error));
      else open?.resolve(message.value as never);
    });
    child.on('exit', (code, signal) => {
      const error = new Error(`A process of the bench ended with ${signal ?? code}.`);
      for (const { reject } of this.#open.values()) reject(error);
      this.#open.clear();
    });
  }

  /** Starts a program that ends with {@link answerBench}. Resolves when that was reached. */
  static start(file: string, { env = {}, node = [] }: WorkerOptions = {}): Promise<Worker> {
    const child = fork(file, [], {
      env: { PATH: process.env.PATH ?? '', ...env },
      execArgv: [...node],
      serialization: 'advanced',
      stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
    });
    return new Promise((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code) => reject(new Error(`${file} ended with ${code} before it was ready.`)));
      child.once('message', () => {
        child.removeAllListeners('exit');
        resolve(new Worker(child));
      });
    });
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** Asks a worker for something and waits for the answer. */
  ask<Value>(method: string, argument?: unknown): Promise<Value> {
    this.#number += 1;
    const number = this.#number;
    return new Promise<Value>((resolve, reject) => {
      if (this.#child.exitCode !== null || !this.#child.connected) {
        reject(new Error('This process of the bench has ended.'));
        return;
      }
      this.#open.set(number, { resolve, reject });
      this.#child.send({ number, method, argument } satisfies Question);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return;
    const ended = new Promise((resolve) => this.#child.once('exit', resolve));
    this.#child.kill('SIGKILL');
    await ended;
  }
}
