/** Why a send broke off, from whatever tus-js-client throws. */
import { retryAfterMs } from '../retry.ts';
import { Unreadable } from './chunks.ts';
import { type Verdict, verdict, verdictOfHead } from './pace.ts';

export class Trouble extends Error {
  constructor(
    readonly verdict: Verdict,
    readonly code: string,
    /** The server's words, or ours. */
    readonly detail: string,
    readonly askedMs: number | null = null,
  ) {
    super(code);
    this.name = 'Trouble';
  }
}

export interface Refusal {
  readonly method: string;
  readonly status: number;
  readonly retryAfter: string | null;
  readonly body: string;
}

const WORDS: Readonly<Record<number, string>> = {
  0: 'The connection to the server broke.',
  403: 'The server does not allow this upload.',
  401: 'The server asks for a sign-in.',
  404: 'The server does not know this upload.',
  408: 'The connection was silent for too long.',
  409: 'The server holds another part of the file than this page thought.',
  413: 'The file is larger than the server takes.',
  415: 'The server does not take this kind of file.',
  423: 'The server is still busy with this file.',
  429: 'The server takes no more files at once just now.',
  460: 'A part arrived damaged and is sent again.',
  507: 'The server has no room left on its disk.',
};

function words(status: number): string {
  return WORDS[status] ?? (status >= 500 ? 'The server does not answer as it should.' : '');
}

function problemOf(body: string): { code?: unknown; detail?: unknown } {
  try {
    const problem: unknown = JSON.parse(body);
    return typeof problem === 'object' && problem !== null ? problem : {};
  } catch {
    return {};
  }
}

/** An answer that is no success. */
export function refused({ method, status, retryAfter, body }: Refusal, now: number): Trouble {
  const problem = problemOf(body);
  const judge = method === 'HEAD' ? verdictOfHead : verdict;
  const code = typeof problem.code === 'string' ? problem.code : `status_${status}`;
  const detail = typeof problem.detail === 'string' ? problem.detail : '';
  const fallback = words(status) || `The server answered with status ${status}.`;
  return new Trouble(judge(status), code, detail || fallback, retryAfterMs(retryAfter, now));
}

export const broken = (): Trouble => new Trouble('again', 'network', words(0));

export const stalled = (): Trouble =>
  new Trouble('again', 'stalled', 'Nothing moved for half a minute; it is tried again.');

const MEDIUM: Readonly<Record<Unreadable['code'], string>> = {
  unreadable:
    'The file cannot be read from its medium. Clean the disc or copy the file, then choose it again.',
  removed:
    'The file is not there any more: was the disc or stick removed? Put it back and choose the file again.',
  changed: 'The file has changed since it was chosen. Choose it again.',
};

/** tus-js-client wraps what was thrown inside; a bare network failure is an Event. */
export function troubleOf(thrown: unknown): Trouble {
  if (thrown instanceof Trouble) return thrown;
  if (thrown instanceof Unreadable) return new Trouble('stop', thrown.code, MEDIUM[thrown.code]);
  const cause = (thrown as { causingError?: unknown } | null)?.causingError;
  return cause === undefined || cause === null ? broken() : troubleOf(cause);
}
