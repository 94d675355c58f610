/**
 * The authorization server and the storefront's backend for it, until they are stopped.
 *
 *   vite-node www/authorization/main.ts SITE PORT   SITE: the address of the shop, as browsers see it
 */

import { randomUUID } from 'node:crypto';
import { startBackend } from './backend.js';
import { startProvider } from './provider.js';

const [site, port] = process.argv.slice(2);
if (site === undefined || port === undefined) throw new Error('usage: main.ts SITE PORT');
const client = { id: 'payonce-shop', secret: randomUUID() };
const backend = await startBackend(Number(port), client);
backend.use(await startProvider(0, client, [`${site}/connect.html`]));
