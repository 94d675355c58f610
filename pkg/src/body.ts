/** The longest reply that is read, in bytes. What a backend has to say about a payment is far below. */
const MAX_REPLY = 256 * 1024;

/** The body; empty where it is too long to be an answer. The status and the headers still count then. */
export async function text(response: Pick<Response, 'body'>): Promise<string> {
  if (!response.body) return '';
  const reader = response.body.getReader();
  const decoder = new TextDecoder();
  let body = '';
  for (let read = 0; ;) {
    const { done, value } = await reader.read();
    if (done) return body + decoder.decode();
    read += value.byteLength;
    if (read > MAX_REPLY) {
      reader.cancel().catch(() => {});
      return '';
    }
    body += decoder.decode(value, { stream: true });
  }
}
