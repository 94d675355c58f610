/** What was really charged, whatever the page believes. */

import { useEffect, useState } from 'react';
import { charged, chargedTwice, count, type Ledger as Books } from '../ledger';

const POLL_MS = 500;

export function Ledger() {
  const [books, setBooks] = useState<Books | null>(null);
  useEffect(() => {
    const over = new AbortController();
    const read = async (): Promise<void> => {
      try {
        const reply = await fetch('/ledger', { cache: 'no-store', signal: over.signal });
        setBooks(reply.ok ? ((await reply.json()) as Books) : null);
      } catch {
        if (!over.signal.aborted) setBooks(null);
      }
    };
    const timer = setInterval(() => document.hidden || void read(), POLL_MS);
    void read();
    return () => {
      clearInterval(timer);
      over.abort();
    };
  }, []);

  const verdict = books === null ? 'unknown' : chargedTwice(books) ? 'bad' : books.charges.length > 0 ? 'good' : '';
  return (
    <section className="panel merchant" aria-labelledby="merchant-title">
      <h2 id="merchant-title">What the merchant saw</h2>
      <p className={`verdict ${verdict}`} role="status" data-testid="verdict">
        <strong data-testid="charged">{books === null ? 'The merchant cannot be reached.' : charged(books)}</strong>
        {books !== null && (
          <span>
            {chargedTwice(books) ? 'A session was charged twice.' : 'No session was charged twice.'}{' '}
            {count(books.arrivals, 'payment request')}, {count(books.settles, 'question')} for the truth.
          </span>
        )}
      </p>
    </section>
  );
}
