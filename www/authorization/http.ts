import type { IncomingMessage } from 'node:http';

/** The longest request that is read, in bytes. */
const LIMIT = 16 * 1024;

/** The body as text. */
export async function read(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let length = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    length += chunk.length;
    if (length > LIMIT) throw new Error('the request is too long');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
