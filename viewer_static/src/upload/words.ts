/** States as people read them; none stays the same for long without saying what it waits for. Pure. */
import { grouped, plural, seconds } from '../text.ts';
import type { Batch, Tally } from './batch.ts';
import type { Item, State } from './item.ts';
import { remedy } from './remedy.ts';

/** A state older than this tells its age. */
export const AGE_MS = 4_000;

export function bytes(count: number): string {
  if (count < 1_000_000) return `${Math.max(1, Math.round(count / 1_000))} KB`;
  if (count < 1_000_000_000) return `${(count / 1_000_000).toFixed(count < 10_000_000 ? 1 : 0)} MB`;
  return `${(count / 1_000_000_000).toFixed(2)} GB`;
}

/** Never 100 before it is all of it. */
export function percent(part: number, whole: number): number {
  if (whole === 0) return 0;
  return part >= whole ? 100 : Math.min(99, Math.floor((part / whole) * 100));
}

export function left(ms: number): string {
  if (ms < 90_000) return `about ${Math.max(1, Math.ceil(ms / 5_000)) * 5} s left`;
  if (ms < 5_400_000) return `about ${Math.ceil(ms / 60_000)} min left`;
  return `about ${Math.ceil(ms / 3_600_000)} h left`;
}

const PLAIN: Readonly<Record<State, string>> = {
  parted: 'choose it again to go on',
  waiting: 'waiting',
  checking: 'checking',
  sending: 'sending',
  network: 'waiting for network',
  proving: 'sent, checking integrity',
  sent: 'sent, waiting to be stored',
  examining: 'sent, being checked',
  converting: 'converting to DICOM',
  storing: 'sent, being stored',
  kept: 'kept safely, the archive does not answer',
  stored: 'in archive',
  duplicate: 'already in archive',
  conflict: 'conflict: the archive has another version',
  replacing: 'taking the place of the archive’s version',
  refused: 'refused',
  skipped: 'skipped',
  cancelled: 'cancelled',
  expired: 'expired: it was not finished in time',
  lost: 'lost on the server',
};

const WITH_REASON: ReadonlySet<State> = new Set(['refused', 'skipped', 'cancelled']);
const PATIENT: ReadonlySet<State> = new Set(['waiting', 'parted']);

function nextTry(tryAt: number | null, now: number): string {
  if (tryAt === null) return 'until it is back';
  const wait = tryAt - now;
  return wait > 0 ? `next try in ${seconds(wait)}` : `asking again for ${seconds(-wait)}`;
}

function archive(item: Item): string {
  const { results } = item;
  if (results === null || !item.settled) return '';
  const parts = [
    [results.stored, 'in archive'],
    [results.duplicate, 'already there'],
    [results.conflict, 'in conflict'],
    [results.refused, 'refused'],
    [results.skipped, 'skipped'],
  ] as const;
  const told = parts.filter(([count]) => count > 0);
  const all = told.reduce((sum, [count]) => sum + count, 0);
  return all < 2 ? '' : told.map(([count, what]) => `${count} ${what}`).join(', ');
}

/** The last bytes of a piece are out of the page's sight: the answer tells that they arrived. */
function onTheWay(item: Item, now: number): string {
  const compressed = item.coded ? ', compressed' : '';
  const text = `sending ${percent(item.sent, item.size)} %${compressed}`;
  const quiet = now - item.stirred;
  return quiet >= AGE_MS ? `${text}, waiting for the server's answer, ${seconds(quiet)}` : text;
}

function moving(item: Item): string {
  const { progress } = item;
  if (progress === null || progress.total === 0 || item.settled) return '';
  const text = `${PLAIN[item.state]} ${percent(progress.done, progress.total)} %`;
  // The server says each few seconds what it waits for.
  return item.state === 'storing' && item.why !== '' ? `${text}. ${item.why}` : text;
}

/** A refusal says by itself what to do. */
function plain(item: Item): string {
  const choose = item.state !== 'refused' && remedy(item) === 'choose';
  return choose ? `${PLAIN[item.state]}: choose it again` : PLAIN[item.state];
}

/** The row's words. */
export function stateOf(item: Item, now: number): string {
  if (item.state === 'sending') return onTheWay(item, now);
  if (item.state === 'network') return `${PLAIN.network}, ${nextTry(item.tryAt, now)}`;
  if (item.state === 'parted' && item.sent > 0)
    return `${percent(item.sent, item.size)} % sent: ${PLAIN.parted}`;
  if (WITH_REASON.has(item.state) && item.why !== '') return `${PLAIN[item.state]}: ${item.why}`;
  const text = archive(item) || moving(item) || plain(item);
  const age = now - item.since;
  const ages = !item.settled && !PATIENT.has(item.state) && age >= AGE_MS;
  return ages ? `${text}, ${seconds(age)}` : text;
}

const count = (tally: Tally, ...states: readonly State[]): number =>
  states.reduce((sum, state) => sum + (tally.by[state] ?? 0), 0);

const ENDS: readonly (readonly [State, string])[] = [
  ['stored', 'in the archive'],
  ['duplicate', 'already there'],
  ['conflict', 'in conflict'],
  ['refused', 'refused'],
  ['cancelled', 'cancelled'],
  ['expired', 'expired'],
  ['lost', 'lost'],
  ['skipped', 'skipped'],
];

/** "497 in the archive, 3 refused" */
export function sums(tally: Tally): string {
  const told = ENDS.filter(([state]) => count(tally, state) > 0);
  return told.map(([state, what]) => `${grouped(count(tally, state))} ${what}`).join(', ');
}

function sending(tally: Tally, rate: number): string {
  const parts = [`Sending ${percent(tally.sent, tally.bytes)} %`];
  if (rate > 0) parts.push(`${bytes(rate)}/s`, left(((tally.bytes - tally.sent) / rate) * 1_000));
  return parts.join(' · ');
}

function pausing(batch: Batch, now: number): string {
  const waiting = batch.items.filter(({ state }) => state === 'network');
  const tries = waiting.map(({ tryAt }) => tryAt ?? Number.POSITIVE_INFINITY);
  const first = waiting.reduce((a, b) => ((a.tryAt ?? 0) <= (b.tryAt ?? 0) ? a : b));
  const at = Math.min(...tries);
  const when = nextTry(Number.isFinite(at) ? at : null, now);
  return `Waiting for network, ${when}. ${first.why}`;
}

/** When a file last came into one of these states. */
const latest = ({ items }: Batch, ...states: readonly State[]): number =>
  items.reduce((at, { state, since }) => (states.includes(state) ? Math.max(at, since) : at), -1);

/** What came in after the last one had to wait shows that the archive is back. */
function keeping(batch: Batch, files: string): string {
  const back = latest(batch, 'stored', 'duplicate') > latest(batch, 'kept');
  if (back) return `The archive answers again; still to be stored: ${files}, kept safely.`;
  return `${files} kept safely: the archive does not answer. It goes on by itself.`;
}

/** What happens behind the sending, and for how long already. */
function storing(batch: Batch, tally: Tally, now: number): string {
  const kept = count(tally, 'kept');
  if (kept > 0) return keeping(batch, plural(kept, 'file'));
  const open = count(tally, 'proving', 'sent', 'examining', 'converting', 'storing', 'replacing');
  const since = Math.max(0, ...batch.items.filter(({ settled }) => !settled).map((i) => i.since));
  const words = `All sent. The server checks and stores ${plural(open, 'file')}`;
  return now - since >= AGE_MS ? `${words}; last change ${seconds(now - since)} ago.` : `${words}.`;
}

function restored(batch: Batch, tally: Tally): string {
  const open = batch.unbegun + count(tally, 'parted');
  return `Not finished: ${plural(open, 'file')} still to send. Choose the same files or folder again; what has arrived is not sent again.`;
}

const BEFORE: Readonly<Partial<Record<Batch['stage'], string>>> = {
  asking: 'Waiting for your answer.',
  opening: 'Announcing the upload to the server.',
  failed: 'Nothing was sent.',
};

/** The line under the batch's title. */
export function sentence(batch: Batch, tally: Tally, now: number, rate: number): string {
  if (batch.stage === 'surveying')
    return `Looking at ${grouped(batch.seen)} of ${plural(batch.total, 'file')}`;
  const before = BEFORE[batch.stage];
  if (before !== undefined) return before;
  if (batch.cancelling) return 'Cancelling; the server is asked what it had stored already.';
  if (batch.unfinished) return restored(batch, tally);
  if (batch.done) return finished(tally);
  return running(batch, tally, now, rate);
}

function finished(tally: Tally): string {
  if (tally.files === 0) return `Nothing to send: ${sums(tally) || 'no files'}.`;
  return `Done: ${sums(tally)}.`;
}

function running(batch: Batch, tally: Tally, now: number, rate: number): string {
  const going = count(tally, 'checking', 'sending');
  if (going > 0) return sending(tally, rate);
  if (count(tally, 'network') > 0) return pausing(batch, now);
  if (count(tally, 'waiting') > 0 && count(tally, 'proving') === 0)
    return 'Waiting for the upload before this one.';
  if (count(tally, 'waiting') > 0) return sending(tally, rate);
  return storing(batch, tally, now);
}

/** Of a batch: the folder or file they all lie in, or how many they are. */
export function titleOf(picks: readonly { readonly path: string }[]): string {
  const tops = new Set(picks.map(({ path }) => path.split('/')[0] ?? ''));
  if (tops.size === 1) return [...tops][0] ?? '';
  return `${grouped(picks.length)} files`;
}
