/** For tests only: a clock turned by hand and a network that follows a script. */
import type { Instance, SeriesDetail } from './api.ts';
import type { Clock } from './clock.ts';
import { md5 } from './md5.ts';

interface Timer {
  readonly at: number;
  readonly ring: () => void;
}

/** Lets everything that is ready happen, streams included. */
export async function settled(): Promise<void> {
  for (let turn = 0; turn < 12; turn++) await new Promise((resolve) => setImmediate(resolve));
}

export class FakeClock implements Clock {
  time = 0;
  chance = 0.5;
  private timers: Timer[] = [];

  now(): number {
    return this.time;
  }

  random(): number {
    return this.chance;
  }

  after(ms: number, ring: () => void): () => void {
    const timer = { at: this.time + ms, ring };
    this.timers.push(timer);
    return () => {
      this.timers = this.timers.filter((other) => other !== timer);
    };
  }

  async advance(ms: number): Promise<void> {
    const until = this.time + ms;
    await settled();
    for (let next = this.next(until); next !== undefined; next = this.next(until)) {
      this.timers = this.timers.filter((other) => other !== next);
      this.time = next.at;
      next.ring();
      await settled();
    }
    this.time = until;
  }

  private next(until: number): Timer | undefined {
    const due = this.timers.filter((timer) => timer.at <= until);
    return due.sort((one, other) => one.at - other.at)[0];
  }
}

export interface Scripted {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array;
  /** After the body: a clean end, a broken connection, or silence. */
  readonly end?: 'close' | 'cut' | 'stall';
  /** No headers ever come. */
  readonly mute?: boolean;
  /** The connection fails before any answer. */
  readonly refused?: boolean;
}

export interface Call {
  readonly url: string;
  readonly init: RequestInit;
  readonly headers: Headers;
}

type Script = Scripted | ((call: Call) => Scripted);

export class FakeNetwork {
  readonly calls: Call[] = [];

  constructor(private readonly script: readonly Script[]) {}

  /** The last line of the script repeats. */
  readonly fetch = (input: unknown, init: RequestInit = {}): Promise<Response> => {
    const call = { url: String(input), init, headers: new Headers(init.headers) };
    const line = this.script[Math.min(this.calls.length, this.script.length - 1)];
    this.calls.push(call);
    return answered(typeof line === 'function' ? line(call) : (line ?? {}), init.signal ?? null);
  };
}

function answered(scripted: Scripted, signal: AbortSignal | null): Promise<Response> {
  if (signal?.aborted) return Promise.reject(signal.reason);
  if (scripted.refused) return Promise.reject(new TypeError('Failed to fetch'));
  if (scripted.mute) {
    return new Promise((_, reject) => {
      signal?.addEventListener('abort', () => reject(signal.reason));
    });
  }
  const { status = 200, headers = {} } = scripted;
  return Promise.resolve(new Response(bodyOf(scripted, signal), { status, headers }));
}

function bodyOf({ body, end }: Scripted, signal: AbortSignal | null): ReadableStream<Uint8Array> {
  let sent = false;
  return new ReadableStream({
    start: (controller) => {
      signal?.addEventListener('abort', () => {
        try {
          controller.error(signal.reason);
        } catch {
          // Already over.
        }
      });
    },
    pull: async (controller) => {
      if (!sent && body !== undefined) {
        sent = true;
        controller.enqueue(body);
      } else if (end === 'cut') controller.error(new TypeError('network error'));
      else if (end !== 'stall') controller.close();
      else await new Promise<void>(() => undefined);
    },
  });
}

/** Bytes that pass for a DICOM file, with their digest. */
export function dicom(length = 4_096, seed = 1): { bytes: Uint8Array<ArrayBuffer>; md5: string } {
  const bytes = new Uint8Array(length).map((_, index) => (index * 31 + seed * 17) & 0xff);
  bytes.set([0x44, 0x49, 0x43, 0x4d], 128);
  return { bytes, md5: md5(bytes) };
}

/** Archive identifiers that differ only in their number. */
export const idOf = (number: number): string =>
  `${number.toString(16).padStart(8, '0')}-00000000-00000000-00000000-00000000`;

export function instanceOf(number: number, change: Partial<Instance> = {}): Instance {
  return {
    id: idOf(number),
    sop_uid: `1.2.3.${number}`,
    number,
    frames: 1,
    size: 4_096,
    md5: null,
    position: null,
    orientation: null,
    ...change,
  };
}

/** A series of so many single-frame instances. */
export function seriesOf(count: number, change: Partial<SeriesDetail> = {}): SeriesDetail {
  const study = {
    id: idOf(90_000),
    study_uid: '1.2.3',
    patient_name: 'Test^Case',
    patient_id: 'T1',
    patient_birth_date: '',
    patient_sex: '',
    study_date: '',
    study_time: '',
    description: '',
    accession: '',
    modalities: ['CT'],
    series_count: 1,
    instance_count: count,
  };
  return {
    id: idOf(80_000),
    series_uid: '1.2.3.4',
    modality: 'CT',
    description: '',
    number: 1,
    instance_count: count,
    body_part: '',
    protocol: '',
    thumbnail_instance: null,
    study,
    instances: Array.from({ length: count }, (_, number) => instanceOf(number)),
    skipped: [],
    ...change,
  };
}
