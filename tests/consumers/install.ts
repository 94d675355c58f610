/** Copies the consumers out of this repository, away from its node_modules, and installs the packed tarball into each. */

import { execFile } from 'node:child_process';
import { cp, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { ProvidedContext } from 'vitest';
import { cleanEnv } from './app';

declare module 'vitest' {
  interface ProvidedContext {
    /** Where the consumers were installed. */
    readonly workshop: string;
    /** How long each took to install, in seconds. */
    readonly installed: Readonly<Record<string, number>>;
  }
}

const here = (path: string): string => fileURLToPath(new URL(path, import.meta.url));

/** What Vitest hands to a global set-up. */
interface Project {
  provide<Name extends keyof ProvidedContext>(name: Name, value: ProvidedContext[Name]): void;
}

export default async function setup({ provide }: Project): Promise<() => Promise<void>> {
  const tarball = process.env['PAYONCE_TARBALL'];
  if (tarball === undefined) throw new Error('PAYONCE_TARBALL is not set: run `make test-consumers`');
  const workshop = await mkdtemp(join(tmpdir(), 'payonce-consumers-'));
  await cp(tarball, join(workshop, 'payonce.tgz'));

  const entries = await readdir(here('.'), { withFileTypes: true });
  const names = entries.filter((entry) => entry.isDirectory()).map(({ name }) => name);
  const times = await Promise.all(names.map((name) => install(name, workshop)));
  provide('workshop', workshop);
  provide('installed', Object.fromEntries(names.map((name, index) => [name, times[index] ?? NaN])));
  return () => rm(workshop, { recursive: true });
}

/** Returns how many seconds it took. */
async function install(name: string, workshop: string): Promise<number> {
  const directory = join(workshop, name);
  await cp(here(name), directory, { recursive: true });
  await cp(here('../../.npmrc'), join(directory, '.npmrc'));
  const files = await readdir(directory);
  const started = Date.now();
  // Next.js has no lock file: it names the compilers of all platforms, and a registry may not have them all.
  const command = files.includes('package-lock.json') ? 'ci' : 'install';
  await promisify(execFile)('npm', [command, '--prefer-offline'], { cwd: directory, env: cleanEnv() });
  return (Date.now() - started) / 1000;
}
