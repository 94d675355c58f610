/** Builds the harness against the packed package, once for all files. */

import { fileURLToPath } from 'node:url';
import { buildSite, output } from '../../support/build';

/** Where the harness is built to: not where the other end-to-end tests have theirs, which may run at the same time. */
export const SITE = output('durable');

export default async function setup(): Promise<void> {
  await buildSite(fileURLToPath(new URL('../../harness', import.meta.url)), 'durable');
}
