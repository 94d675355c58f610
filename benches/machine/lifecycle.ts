/**
 * What every participant does: one payment in nine events, with one subscriber that reads the snapshot each time.
 *
 *     ready -open-> sheet_open -token-> sending -send-> sending -declined-> sheet_open
 *           -another token-> sending -send-> sending -lost-> waiting -resend-> sending -approved-> succeeded
 *
 * Each attempt has a key of its own, a UUID v4 from the platform's cryptographic source, and keeps it across the
 * resend. A token that was sent is refused. What has no meaning in a state changes nothing.
 */

/** Events of a lifecycle. */
export const EVENTS = 9;

/** One checkout. A method that has to wait for something returns a promise. */
export interface Machine {
  /** The shopper opens the sheet. */
  open(): void | Promise<void>;
  /** The sheet returns a token. */
  token(token: string): void | Promise<void>;
  /** The first request of an attempt leaves the page. */
  send(): void | Promise<void>;
  /** The reply is a decline. */
  declined(): void | Promise<void>;
  /** The reply is lost. */
  lost(): void | Promise<void>;
  /** The time to wait before a resend is over. */
  resend(): void | Promise<void>;
  /** The reply is an approval. */
  approved(): void | Promise<void>;
  /** Lets go of it. */
  free?(): void;
}

export interface Participant {
  readonly name: string;
  /** Whether the methods of its machines must be awaited. */
  readonly waits?: boolean;
  /** Whether it believes what it is told: it shows what a boundary costs, and is no opponent. */
  readonly lawless?: boolean;
  /** A machine in the state `ready`, whose subscriber tells `seen` what each snapshot says. */
  make(seen: Seen): Machine | Promise<Machine>;
}

/** What the subscriber read last. */
export class Seen {
  state = 'ready';
  key: string | null = null;
  sends = 0;
  notice: string | null = null;
  times = 0;

  see(state: string, key: string | null, sends: number, notice: string | null): void {
    this.state = state;
    this.key = key;
    this.sends = sends;
    this.notice = notice;
    this.times += 1;
  }
}

/** One payment. */
export function pay(machine: Machine, first: string, second: string): void {
  void machine.open();
  void machine.token(first);
  void machine.send();
  void machine.declined();
  void machine.token(second);
  void machine.send();
  void machine.lost();
  void machine.resend();
  void machine.approved();
}

/** One payment of a participant that has to wait. */
export async function payWaiting(machine: Machine, first: string, second: string): Promise<void> {
  await machine.open();
  await machine.token(first);
  await machine.send();
  await machine.declined();
  await machine.token(second);
  await machine.send();
  await machine.lost();
  await machine.resend();
  await machine.approved();
}

const UUID_V4 = /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Throws unless the participant does what is said above, event by event. */
export async function check({ name, lawless = false, make }: Participant): Promise<void> {
  const seen = new Seen();
  const machine = await make(seen);
  const keys: string[] = [];

  const must = (what: string, holds: boolean): void => {
    if (!holds) throw new Error(`${name}: ${what}; it says ${JSON.stringify(seen)}`);
  };
  /** An event, and what the subscriber was told of it. */
  const step = async (
    event: string,
    run: () => void | Promise<void>,
    { state, sends, notice }: { state: string; sends: number; notice: string | null },
  ): Promise<void> => {
    const before = seen.times;
    await run();
    must(`${event} was not told`, seen.times > before);
    must(`${event} must lead to ${state}`, seen.state === state);
    must(`${event} must leave the attempt with ${sends} sends`, seen.sends === sends);
    must(`${event} must tell the shopper ${notice ?? 'nothing'}`, seen.notice === notice);
    const open = state !== 'sheet_open';
    must(`after ${event} there must be ${open ? 'a' : 'no'} key`, open === (seen.key !== null));
    if (seen.key !== null) keys.push(seen.key);
  };
  /** Events that mean nothing now. */
  const ignored = async (event: string, run: () => void | Promise<void>): Promise<void> => {
    if (lawless) return;
    const { state, key, sends } = seen;
    await run();
    must(`${event} must change nothing`, seen.state === state && seen.key === key && seen.sends === sends);
  };

  await ignored('a token without a sheet', () => machine.token('tok_early'));
  await step('open', () => machine.open(), { state: 'sheet_open', sends: 0, notice: null });
  await ignored('open in an open sheet', () => machine.open());
  await step('token', () => machine.token('tok_first'), { state: 'sending', sends: 0, notice: null });
  await ignored('a token in an open attempt', () => machine.token('tok_other'));
  await step('send', () => machine.send(), { state: 'sending', sends: 1, notice: null });
  await step('declined', () => machine.declined(), { state: 'sheet_open', sends: 0, notice: 'payment_declined' });
  if (!lawless) {
    await step('a spent token', () => machine.token('tok_first'), {
      state: 'sheet_open',
      sends: 0,
      notice: 'fresh_token_needed',
    });
  }
  await step('another token', () => machine.token('tok_second'), { state: 'sending', sends: 0, notice: null });
  await step('send', () => machine.send(), { state: 'sending', sends: 1, notice: null });
  await step('lost', () => machine.lost(), { state: 'waiting', sends: 1, notice: null });
  await ignored('open before a resend', () => machine.open());
  await step('resend', () => machine.resend(), { state: 'sending', sends: 2, notice: null });
  await step('approved', () => machine.approved(), { state: 'succeeded', sends: 0, notice: 'payment_received' });
  await ignored('open after the payment', () => machine.open());

  const [first, , second, ...more] = keys;
  must(
    'a key must be a UUID v4',
    [first, second].every((key) => key !== undefined && UUID_V4.test(key)),
  );
  must('a send must keep the key of its token', keys[1] === first);
  must('another attempt must have another key', first !== second);
  must('a resend, and the receipt, must keep the key', more.length === 4 && more.every((key) => key === second));
  machine.free?.();
}
