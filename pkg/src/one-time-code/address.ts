/**
 * The page's address: what the provider put into it, and how that gets out again.
 *
 * A code in the address is seen by every script, sent along in `Referer` headers, kept in the history and sent again by
 * whoever opens that (RFC 9700 section 4.3). So it goes before anything is awaited. Until it is claimed it is kept in the
 * state of the history entry, which a reload of this very page hands on, and nothing else sees.
 */

/** By what an answer is known to be of one scope, and where the history entry keeps it. */
export interface Place {
  /** The parameter that carries the code. */
  readonly codeParameter: string;
  /** How every `state` of this scope ends. */
  readonly tag: string;
  /** Where the history entry keeps what this scope knows of its flow. */
  readonly key: string;
}

/** What the provider sent along. */
export interface Parameters {
  /** Without the tag. */
  readonly state: string;
  readonly code: string | undefined;
  readonly error: string | undefined;
  readonly iss: string | undefined;
  /** Whether one of them is there more than once. */
  readonly repeated: boolean;
}

/** What the history entry knows of a flow: all of it until the code is claimed, then its name. */
export interface Visit {
  readonly state: string | undefined;
  readonly parameters?: Parameters;
  /** ms since the epoch; 0 where nobody knows. */
  readonly receivedAt?: number;
}

/** RFC 6749 sections 4.1.2 and 4.1.2.1, RFC 9207. */
const STANDARD = ['state', 'error', 'error_description', 'error_uri', 'iss'] as const;

/**
 * How every `state` of a scope ends: with a short hash of its name (FNV-1a), in characters of base64url. A page cannot wait
 * for the journal to learn whose answer it has been given, and must leave alone what another connection, or another
 * script's login, waits for.
 */
export function tagOf(scope: string): string {
  let hash = 0x811c9dc5;
  for (let at = 0; at < scope.length; at += 1) hash = Math.imul(hash ^ scope.charCodeAt(at), 0x01000193);
  return (hash >>> 0).toString(36).padStart(7, '0');
}

/** The provider's answer in `url`; undefined where there is none for this scope. */
export function answerIn(url: URL, { codeParameter, tag }: Place): Parameters | undefined {
  const { searchParams } = url;
  const read = (name: string): string | undefined => searchParams.get(name) ?? undefined;
  const [state, code, error, iss] = [read('state'), read(codeParameter), read('error'), read('iss')];
  if (!state?.endsWith(tag) || (code === undefined && error === undefined)) return undefined;
  const repeated = [codeParameter, ...STANDARD].some((name) => searchParams.getAll(name).length > 1);
  return { state: state.slice(0, -tag.length), code, error, iss, repeated };
}

/** What the page's address, or its history entry, says. Takes an answer out of the address. */
export function visit(place: Place): Visit {
  const { key, codeParameter } = place;
  const url = new URL(location.href);
  const parameters = answerIn(url, place);
  if (!parameters) return entry(key) ?? { state: undefined };
  // Pair by pair: `searchParams` would write the page's own ones in another way, too.
  const theirs: readonly (string | undefined)[] = [codeParameter, ...STANDARD];
  const pairs = url.search.slice(1).split('&');
  url.search = pairs.filter((pair) => !theirs.includes(new URLSearchParams(pair).keys().next().value)).join('&');
  const found: Visit = { state: parameters.state, parameters, receivedAt: loadedAt() };
  remember(key, found, url.href);
  return found;
}

/** The code is claimed, or good for nothing. */
export function forgetAnswer(key: string): void {
  const known = entry(key);
  if (known?.parameters) remember(key, { state: known.state }, location.href);
}

function entry(key: string): Visit | undefined {
  const known = members(history.state)[key];
  return isVisit(known) ? known : undefined;
}

/** A router's own state in the entry is kept, if it is an object as with all of them. */
function remember(key: string, found: Visit, url: string): void {
  history.replaceState({ ...members(history.state), [key]: found }, '', url);
}

function members(value: unknown): Record<string, unknown> {
  return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
}

/** Another version of this page, or another script, may have put something else there. */
function isVisit(value: unknown): value is Visit {
  const { state, parameters, receivedAt } = members(value);
  const { repeated, ...texts } = members(parameters);
  const isText = (text: unknown): boolean => text === undefined || typeof text === 'string';
  return (
    typeof value === 'object' &&
    isText(state) &&
    (receivedAt === undefined || Number.isFinite(receivedAt)) &&
    (parameters === undefined || (typeof texts['state'] === 'string' && typeof repeated === 'boolean')) &&
    Object.values(texts).every(isText)
  );
}

/** When the browser got this address. A page that was reloaded or restored got it at some time before. */
function loadedAt(): number {
  const [navigation] = performance.getEntriesByType('navigation') as PerformanceNavigationTiming[];
  return navigation?.type === 'navigate' ? performance.timeOrigin : 0;
}
