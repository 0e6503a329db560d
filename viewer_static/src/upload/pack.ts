/** Several small files in one request. Tried once: what it does not bring goes the way of single files. */
import { isUploadId } from './answers.ts';
import { Unreadable } from './chunks.ts';
import { creationKey, type Observer, type Parcel, type Post } from './delivery.ts';
import { digestOf, hex } from './sha256.ts';
import { ProvingStack } from './stack.ts';
import { troubleOf } from './trouble.ts';

const MEDIA = 'application/vnd.pacs-proxy.pack';
const DIGITS = 8;
export const MOST_FILES = 64;
const LEAST_BYTES = 1 << 20;

export interface Loaded {
  readonly parcel: Parcel;
  readonly observer: Observer;
}

interface Member extends Loaded {
  readonly key: string;
  readonly sha256: string;
}

interface Taken {
  readonly key: string;
  readonly id: string;
  readonly length: number;
  readonly offset: number;
}

/** About a second of the line, so that a slow one is not held by one request for long. */
export const room = (bytesPerSecond: number, most: number): number =>
  Math.min(most, Math.max(LEAST_BYTES, bytesPerSecond));

export interface Outcome {
  /** What the server holds whole now; nothing when anything went wrong. */
  readonly whole: ReadonlySet<Loaded>;
  /** It was the line: together they may still go. */
  readonly again: boolean;
}

export async function sendTogether(
  loads: readonly Loaded[],
  post: Post,
  signal: AbortSignal,
): Promise<Outcome> {
  try {
    const members = await Promise.all(loads.map((load) => member(load, post)));
    signal.throwIfAborted();
    const taken = await answered(members, post, signal);
    const whole = new Set(loads.filter((_, i) => isWhole(members[i] as Member, taken, post)));
    return { whole, again: false };
  } catch (thrown) {
    // Each of them asks by itself, and says what is wrong with it.
    return { whole: new Set(), again: troubleOf(thrown).verdict === 'again' };
  }
}

async function member(load: Loaded, post: Post): Promise<Member> {
  const { file, batchKey, fingerprint, beginning } = load.parcel;
  load.observer.step({ state: 'checking' });
  const bytes = await post.reading.read(file, 0, file.size);
  if (bytes.length !== file.size) throw new Unreadable('changed');
  const key = creationKey(batchKey, fingerprint, beginning);
  return { ...load, key, sha256: hex(await digestOf(bytes)) };
}

async function answered(
  members: readonly Member[],
  post: Post,
  signal: AbortSignal,
): Promise<readonly Taken[]> {
  const { clock, meter } = post;
  const all = (step: 'sending' | 'proving') => {
    for (const { observer } of members)
      observer.step(step === 'sending' ? { state: step, coded: false } : { state: step });
  };
  const head = index(members);
  const body = new Blob([head, ...members.map(({ parcel }) => parcel.file)]);
  const stack = new ProvingStack(
    {
      clock,
      wire: (bytes) => meter.add(bytes, clock.now()),
      stalls: () => 0,
      stage: (stage) => all(stage === 'proving' ? stage : 'sending'),
    },
    post.stack,
  );
  const headers = { ...post.gate?.headers, 'Content-Type': MEDIA };
  all('sending');
  const told = (sent: number) => shared(members, sent - head.length);
  const text = await stack.deliver(`${post.endpoint}/pack`, headers, body, told, signal);
  return (JSON.parse(text) as { uploads: readonly Taken[] }).uploads;
}

function index(members: readonly Member[]): Uint8Array<ArrayBuffer> {
  const files = members.map(({ key, sha256, parcel }) => {
    return { key, sha256, name: parcel.path, size: parcel.file.size };
  });
  const text = JSON.stringify({ batch: members[0]?.parcel.batch, files });
  const json = new TextEncoder().encode(text);
  const digits = new TextEncoder().encode(`${json.length}`.padStart(DIGITS, '0'));
  const whole = new Uint8Array(DIGITS + json.length);
  whole.set(digits);
  whole.set(json, DIGITS);
  return whole;
}

/** What has left of each, one after another. */
function shared(members: readonly Member[], sent: number): void {
  let left = Math.max(0, sent);
  for (const { parcel, observer } of members) {
    observer.sent(Math.min(left, parcel.file.size));
    left = Math.max(0, left - parcel.file.size);
  }
}

/** One that was begun before, and is not whole, goes on by itself from where it is. */
function isWhole({ key, parcel, observer }: Member, taken: readonly Taken[], post: Post): boolean {
  const mine = taken.find((one) => one.key === key);
  if (mine === undefined || !isUploadId(mine.id)) return false;
  observer.named(mine.id);
  const whole = mine.offset === parcel.file.size;
  if (!whole) post.ledger.began(parcel.fingerprint, parcel.batch, mine.id);
  return whole;
}
