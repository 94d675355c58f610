import { it } from 'vitest';
import { paying, recordingJournal } from './harness.js';
it('x', async () => {
  const journal = recordingJournal();
  const { checkout } = await paying({ journal });
  console.log(journal.records.join('\n'));
  console.log(JSON.stringify(JSON.parse(checkout.exportLog()), null, 1).slice(0, 6000));
});
