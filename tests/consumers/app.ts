/** One consumer: an application of its own in a directory of its own. */

import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';

/** The environment without what the test runner and this repository's tools put there. */
export function cleanEnv(): NodeJS.ProcessEnv {
  const ours = /^(?:NODE_ENV|TEST|MODE|DEV|PROD|SSR|BASE_URL|VITEST.*|FORCE_COLOR)$/;
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !ours.test(name)));
  const path = env['PATH']?.split(':').filter((directory) => !directory.endsWith('/node_modules/.bin'));
  // What is printed is read here, and where `CI` is set Vite would print its port in bold.
  return { ...env, PATH: path?.join(':'), NEXT_TELEMETRY_DISABLED: '1', NO_COLOR: '1' };
}

export class App {
  readonly directory: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #servers: ChildProcess[] = [];

  constructor(directory: string, env: Readonly<Record<string, string>> = {}) {
    this.directory = directory;
    this.#env = { ...cleanEnv(), ...env };
  }

  path(...parts: string[]): string {
    return join(this.directory, ...parts);
  }

  /** Runs a program to its end and returns what it printed. Rejects where it fails. */
  async run(program: string, args: readonly string[], input = ''): Promise<string> {
    const running = promisify(execFile)(program, args, { cwd: this.directory, env: this.#env });
    running.child.stdin?.end(input);
    const { stdout } = await running.catch((error: { stdout?: string; stderr?: string }) => {
      throw new Error(`${program} ${args.join(' ')}\n${error.stdout}\n${error.stderr}`, { cause: error });
    });
    return stdout;
  }

  /** Starts a server and returns the address that it prints. */
  async serve(program: string, args: readonly string[]): Promise<string> {
    const child = spawn(program, args, {
      cwd: this.directory,
      env: this.#env,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true, // a group of its own: what it starts in turn ends with it
    });
    this.#servers.push(child);
    process.once('exit', () => end(child));
    const said: string[] = [];
    child.stderr.on('data', (text: Buffer) => said.push(text.toString()));
    for await (const line of createInterface({ input: child.stdout })) {
      said.push(line);
      const url = /http:\/\/(?:localhost|127\.0\.0\.1):\d+/.exec(line)?.[0];
      // It goes on to print, and must not wait for a reader.
      if (url !== undefined) return child.stdout.resume() && url;
    }
    throw new Error(`${program} ended before it listened:\n${said.join('\n')}`);
  }

  async stop(): Promise<void> {
    for (const server of this.#servers.splice(0)) {
      if (server.exitCode !== null || server.signalCode !== null) continue;
      const ended = once(server, 'exit');
      end(server);
      await ended;
    }
  }

  /** The WebAssembly modules among the files below a directory. */
  async wasmIn(directory: string): Promise<readonly string[]> {
    const files = await readdir(this.path(directory), { recursive: true });
    return files.filter((file) => file.endsWith('.wasm'));
  }
}

/** Ends a server with all that it started. */
function end({ pid, exitCode, signalCode }: ChildProcess): void {
  if (pid !== undefined && exitCode === null && signalCode === null) process.kill(-pid);
}
