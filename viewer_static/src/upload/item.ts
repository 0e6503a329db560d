/** One file of a batch and what is known of it: from this page until it is sent, from the server after that. */
import type { Outcomes, RemoteResult, RemoteUpload } from './answers.ts';
import type { Step } from './delivery.ts';
import type { Kind } from './kinds.ts';

export type State =
  /** Restored after a reload: this page no longer holds the file. */
  | 'parted'
  | 'waiting'
  | 'checking'
  | 'sending'
  | 'network'
  | 'proving'
  | 'sent'
  | 'examining'
  | 'converting'
  | 'storing'
  /** On the server's disk, the archive does not answer. */
  | 'kept'
  | 'stored'
  | 'duplicate'
  | 'conflict'
  /** Decided: the uploaded version takes the archive's place. */
  | 'replacing'
  | 'refused'
  | 'skipped'
  | 'cancelled'
  | 'expired'
  | 'lost';

export interface Facts {
  readonly path: string;
  readonly size: number;
  readonly fingerprint: string;
  readonly kind: Kind;
  readonly plain: boolean;
}

const SETTLED: ReadonlySet<State> = new Set([
  'stored',
  'duplicate',
  'conflict',
  'refused',
  'skipped',
  'cancelled',
  'expired',
  'lost',
]);

const HERE: ReadonlySet<State> = new Set([
  'parted',
  'waiting',
  'checking',
  'sending',
  'network',
  'proving',
]);

const BETWEEN: ReadonlySet<State> = new Set(['checking', 'proving']);

const TROUBLED: ReadonlySet<State> = new Set(['conflict', 'refused', 'expired', 'lost', 'parted']);

const REMOTE: Readonly<Record<string, State>> = {
  received: 'sent',
  checking: 'examining',
  converting: 'converting',
  storing: 'storing',
  kept: 'kept',
  refused: 'refused',
  cancelled: 'cancelled',
  expired: 'expired',
  lost: 'lost',
  skipped: 'skipped',
};

/** Worst first: what the reader must see of an archive's members. */
const OUTCOMES = ['conflict', 'refused', 'stored', 'duplicate', 'skipped'] as const;

function outcome(results: Outcomes): State {
  const { stored, duplicate } = results;
  const worst = OUTCOMES.find((name) => results[name] > 0) ?? 'skipped';
  // An archive of which most is in: its troubled members have rows of their own.
  if (worst === 'refused' && stored + duplicate > 0) return stored > 0 ? 'stored' : 'duplicate';
  return worst;
}

export class Item implements Facts {
  readonly path: string;
  readonly folder: string;
  readonly name: string;
  readonly size: number;
  readonly fingerprint: string;
  readonly kind: Kind;
  readonly plain: boolean;
  file: Blob | null = null;
  target: string | null = null;
  /** Size, time of the last change and digest of its beginning; empty where the file was not seen. */
  proof = '';
  state: State = 'waiting';
  /** When the state was last another. */
  since = 0;
  /** When anything about it last moved. */
  stirred = 0;
  sent = 0;
  coded = false;
  tryAt: number | null = null;
  /** Why, in words: of a pause, a refusal, a skip. */
  why = '';
  /** The same for programs: the server's code, or this page's. */
  code = '';
  id: string | null = null;
  study: string | null = null;
  progress: { readonly done: number; readonly total: number } | null = null;
  results: Outcomes | null = null;
  quit: AbortController | null = null;
  /** Each one anew at the server, under a key of its own. */
  beginning = 0;

  constructor(facts: Facts) {
    this.path = facts.path;
    this.size = facts.size;
    this.fingerprint = facts.fingerprint;
    this.kind = facts.kind;
    this.plain = facts.plain;
    const cut = facts.path.lastIndexOf('/');
    this.folder = facts.path.slice(0, Math.max(0, cut));
    this.name = facts.path.slice(cut + 1);
  }

  get settled(): boolean {
    return SETTLED.has(this.state);
  }

  /** What is being stored comes to its end. */
  get stoppable(): boolean {
    return !this.settled && this.state !== 'storing';
  }

  /** Still this page's business. */
  get here(): boolean {
    return HERE.has(this.state);
  }

  get troubled(): boolean {
    return TROUBLED.has(this.state);
  }

  /** Of the file as a whole, also what was decided of it later. */
  ended({ outcome, code, detail, study }: RemoteResult, now: number): void {
    this.study = study ?? this.study;
    const replacing = outcome === 'conflict' && code === 'replacing';
    this.become(replacing ? 'replacing' : outcome, now, detail ?? '', code ?? '');
  }

  become(state: State, now: number, why = '', code = ''): void {
    if (state !== this.state) {
      this.since = now;
      this.stirred = now;
    }
    this.state = state;
    this.why = why;
    this.code = code;
  }

  moved(sent: number, now: number): void {
    if (sent !== this.sent) this.stirred = now;
    this.sent = sent;
  }

  /** What the way to the server says; too late once the server itself speaks of the file. */
  stepped(step: Step, now: number): void {
    // Between two pieces of a large file it is still being sent.
    const between = this.state === 'sending' && this.sent < this.size;
    if (!this.here || (between && BETWEEN.has(step.state))) return;
    this.become(step.state, now, step.state === 'network' ? step.why : '');
    this.tryAt = step.state === 'network' ? step.tryAt : null;
    if (step.state === 'sending') this.coded = step.coded;
  }

  heard(upload: RemoteUpload, now: number): void {
    this.id = upload.id;
    this.study = upload.study ?? this.study;
    this.progress = upload.progress;
    this.results = upload.results;
    const state = upload.state === 'done' ? outcome(upload.results) : REMOTE[upload.state];
    if (state === undefined) {
      if (this.file === null) this.sent = upload.offset;
      return;
    }
    this.sent = this.size;
    this.become(state, now, upload.detail ?? '', upload.code ?? '');
    if (this.settled) this.quit?.abort();
  }
}
