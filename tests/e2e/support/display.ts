/** A made-up display and keys pressed on it, for what is the browser's own: no driver of pages reaches its buttons. */

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createHash } from 'node:crypto';
import { accessSync, constants } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { PATIENCE } from './shop';

const run = promisify(execFile);

/** Which of the programs that this needs are not there. */
export function missing(): readonly string[] {
  return ['Xvfb', 'xdotool'].filter((program) => !isOnPath(program));
}

function isOnPath(program: string): boolean {
  return (process.env['PATH'] ?? '').split(delimiter).some((directory) => {
    try {
      accessSync(join(directory, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** ms without a change on the display after which nothing moves any more: spinners turn faster. */
const STILL = 500;

export class Display {
  /** `:99` */
  readonly name: string;
  readonly #server: ChildProcess;
  readonly #directory: string;

  private constructor(name: string, server: ChildProcess, directory: string) {
    this.name = name;
    this.#server = server;
    this.#directory = directory;
  }

  /** Starts a server on a display that is free. */
  static async start(): Promise<Display> {
    const directory = await mkdtemp(join(tmpdir(), 'payonce-display-'));
    const server = spawn(
      'Xvfb',
      ['-displayfd', '1', '-screen', '0', '1000x800x24', '-nolisten', 'tcp', '-fbdir', directory],
      { stdio: ['ignore', 'pipe', 'ignore'] },
    );
    process.once('exit', () => server.kill()); // a test run that is broken off leaves nothing behind
    for await (const line of createInterface({ input: server.stdout })) {
      return new Display(`:${line.trim()}`, server, directory);
    }
    throw new Error('Xvfb ended before it had a display');
  }

  async stop(): Promise<void> {
    const ended = once(this.#server, 'exit');
    this.#server.kill();
    await ended;
    await rm(this.#directory, { recursive: true });
  }

  /** Presses keys, one after another (`Escape`, `shift+Tab`), once nothing moves on the display any more. */
  async press(...keys: readonly string[]): Promise<void> {
    await this.#still();
    for (const key of keys) await this.tap(key);
  }

  /** Presses a key, whatever moves. */
  async tap(key: string): Promise<void> {
    await run('xdotool', ['key', key], { env: { ...process.env, DISPLAY: this.name } });
  }

  async #still(): Promise<void> {
    let last = '';
    let since = Date.now();
    const end = since + PATIENCE;
    while (Date.now() - since < STILL && Date.now() < end) {
      const seen = createHash('sha1')
        .update(await readFile(join(this.#directory, 'Xvfb_screen0')))
        .digest('hex');
      if (seen !== last) since = Date.now();
      last = seen;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
}
