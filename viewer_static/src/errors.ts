/** What can go wrong with a picture, in words a reader can act on; recognises every shape libraries throw. */

export type Category =
  | 'network'
  | 'stalled'
  | 'short'
  | 'digest'
  | 'changed'
  | 'not-dicom'
  | 'html'
  | 'overrun'
  | 'decode'
  | 'no-pixels'
  | 'undrawable'
  | 'wrong-image'
  | 'memory'
  | 'unauthorised'
  | 'signed-out'
  | 'not-found'
  | 'damaged'
  | 'away'
  | 'busy'
  | 'request'
  | 'server'
  | 'draw'
  | 'graphics'
  | 'engine'
  | 'cancelled';

interface Explanation {
  readonly title: string;
  readonly sentence: string;
  /** Asking again may well succeed: the placeholder leads with Retry. */
  readonly retryHelps: boolean;
  /** The archive or the link is away and may come back by itself. */
  readonly away: boolean;
}

const entry = (
  title: string,
  sentence: string,
  retryHelps: boolean,
  away = false,
): Explanation => ({
  title,
  sentence,
  retryHelps,
  away,
});

export const EXPLAINED: Readonly<Record<Category, Explanation>> = {
  network: entry('Connection lost', 'The connection to the server broke.', true, true),
  stalled: entry('Connection stalled', 'No byte arrived for a while.', true, true),
  short: entry('Incomplete image', 'Fewer or more bytes arrived than the archive stores.', true),
  digest: entry(
    'Image failed its check',
    'The bytes that arrived are not the bytes the archive stored, so they are not shown.',
    true,
  ),
  changed: entry(
    'Image changed in the archive',
    'The archive now holds another version of this image. Open the series again.',
    false,
  ),
  'not-dicom': entry('Not a DICOM file', 'What arrived is not a DICOM file.', true),
  html: entry(
    'Web page instead of an image',
    'Something between this browser and the archive answered with a web page. Check the network or sign in again.',
    true,
  ),
  overrun: entry('Image ends too early', 'The file breaks off inside its data.', true),
  decode: entry(
    'Image cannot be decoded',
    'The bytes are those the archive stored, but this browser cannot turn them into a picture.',
    false,
  ),
  'no-pixels': entry('Not an image', 'This object holds no picture. It can be downloaded.', false),
  undrawable: entry(
    'Image cannot be decoded',
    'Neither this browser nor the server can turn the stored object into a picture. It can be downloaded.',
    false,
  ),
  'wrong-image': entry(
    'Another image arrived',
    'The file is not the image the list named, so it is not shown.',
    true,
  ),
  memory: entry(
    'Out of memory',
    'The browser has no memory left for this image. Reload the page.',
    false,
  ),
  'signed-out': entry(
    'Signed out',
    'Your session has ended. Sign in, and loading goes on.',
    true,
    true,
  ),
  unauthorised: entry(
    'Not allowed',
    'The server asks for a sign-in or does not allow this image.',
    false,
  ),
  'not-found': entry('Not in the archive', 'The archive does not hold this any more.', false),
  damaged: entry(
    'Damaged in the archive',
    'The stored object itself is damaged: the archive has to be repaired.',
    false,
  ),
  away: entry('Archive not reachable', 'The archive does not answer.', true, true),
  busy: entry('Archive busy', 'The archive has no free place for this request.', true, true),
  request: entry('Request refused', 'The server did not understand the request.', false),
  server: entry('Server error', 'The server could not deliver this.', true),
  draw: entry('Image was not drawn', 'The browser loaded the image but did not draw it.', true),
  graphics: entry(
    'Graphics were reset',
    'The graphics driver dropped the picture. It is drawn again as soon as possible.',
    true,
  ),
  engine: entry(
    'Viewer incomplete',
    'A part of the viewer has not come from the server: the line may be slow. If this stays, reload the page.',
    true,
    true,
  ),
  cancelled: entry('Cancelled', 'The load was given up.', true),
};

/** MD5s; null where none was named. */
export interface Digests {
  readonly expected: string | null;
  readonly got: string | null;
}

export interface Facts {
  readonly status?: number;
  readonly requestId?: string | null;
  readonly retryAfterMs?: number | null;
  /** The server's own word on whether asking again may help. */
  readonly retryable?: boolean;
  readonly digests?: Digests;
}

export class ViewerError extends Error {
  readonly category: Category;
  readonly status: number | null;
  readonly requestId: string | null;
  readonly retryAfterMs: number | null;
  readonly digests: Digests | null;
  private readonly saidRetryable: boolean | null;

  constructor(category: Category, detail = '', facts: Facts = {}) {
    super(detail || EXPLAINED[category].sentence);
    this.name = 'ViewerError';
    this.category = category;
    this.status = facts.status ?? null;
    this.requestId = facts.requestId ?? null;
    this.retryAfterMs = facts.retryAfterMs ?? null;
    this.digests = facts.digests ?? null;
    this.saidRetryable = facts.retryable ?? null;
  }

  withRequest(requestId: string): ViewerError {
    return new ViewerError(this.category, this.message, {
      requestId,
      retryAfterMs: this.retryAfterMs,
      ...(this.status === null ? {} : { status: this.status }),
      ...(this.digests === null ? {} : { digests: this.digests }),
      ...(this.saidRetryable === null ? {} : { retryable: this.saidRetryable }),
    });
  }

  get title(): string {
    return EXPLAINED[this.category].title;
  }

  get sentence(): string {
    return EXPLAINED[this.category].sentence;
  }

  get retryable(): boolean {
    return this.saidRetryable ?? EXPLAINED[this.category].retryHelps;
  }

  get away(): boolean {
    return EXPLAINED[this.category].away;
  }
}

/** Texts of dicom-parser, dcmjs, the codecs and browsers; first match wins. */
const SIGNATURES: readonly (readonly [RegExp, Category])[] = [
  [
    /dynamically imported module|importing a module script|(fetching|NetworkError|Failed to (load|fetch)).*wasm/i,
    'engine',
  ],
  [
    /buffer overrun|past end of (buffer|input)|insufficient data|more than currently allocated|exceeds size of pixelData|position' cannot be greater/i,
    'overrun',
  ],
  [
    /DICM prefix not found|not a valid DICOM|Invalid DICOM file|missing required meta header/i,
    'not-dicom',
  ],
  [/no pixel data|pixel data is missing/i, 'no-pixels'],
  [/allocation failed|out of memory|Invalid (typed )?array (buffer )?length/i, 'memory'],
  [
    /No decoder for transfer syntax|unsupported pixel format|JPEG|J2K|HTJ2K|RLE|codestream|decod|bit stream|wasm|Aborted\(/i,
    'decode',
  ],
  [/Failed to fetch|network ?error|Load failed|ERR_|connection/i, 'network'],
  [/timed? ?out|timeout/i, 'stalled'],
];

const STATUSES: Readonly<Record<number, Category>> = {
  400: 'request',
  401: 'unauthorised',
  403: 'unauthorised',
  404: 'not-found',
  405: 'request',
  408: 'stalled',
  410: 'not-found',
  416: 'short',
  422: 'undrawable',
  425: 'busy',
  429: 'busy',
  502: 'server',
  503: 'away',
  504: 'away',
};

export function ofStatus(status: number): Category {
  return STATUSES[status] ?? (status >= 500 ? 'server' : 'request');
}

const CODES: Readonly<Record<string, Category>> = {
  stored_object_damaged: 'damaged',
  sign_in_required: 'signed-out',
  change_token_refused: 'signed-out',
  archive_interrupted: 'away',
  archive_unreachable: 'away',
  services_interrupted: 'away',
  services_unreachable: 'away',
  archive_busy: 'busy',
  not_found: 'not-found',
  not_renderable: 'undrawable',
};

/** An error answer of ours (problem+json) or of anything in between. */
export function ofAnswer(status: number, body: unknown, facts: Facts): ViewerError {
  const problem = (typeof body === 'object' && body !== null ? body : {}) as Record<
    string,
    unknown
  >;
  const category = CODES[String(problem.code)] ?? ofStatus(status);
  return new ViewerError(category, text(problem.detail), {
    ...facts,
    status,
    requestId: text(problem.request_id) || (facts.requestId ?? null),
    // Asking again is no use before somebody has signed in; then it is.
    ...(typeof problem.retryable === 'boolean' && category !== 'signed-out'
      ? { retryable: problem.retryable }
      : {}),
  });
}

const text = (value: unknown): string => (typeof value === 'string' ? value : '');

function ofText(message: string): Category | null {
  return SIGNATURES.find(([pattern]) => pattern.test(message))?.[1] ?? null;
}

function ofShape(thing: object): ViewerError {
  const shape = thing as Record<string, unknown>;
  const inner = shape.error ?? shape.exception ?? shape.reason;
  if (inner !== undefined && inner !== null) return recognised(inner);
  if (typeof shape.status === 'number' && 'readyState' in shape) {
    return new ViewerError(shape.status === 0 ? 'network' : ofStatus(shape.status));
  }
  return new ViewerError(ofText(text(shape.message)) ?? 'decode', text(shape.message));
}

const judged = new WeakSet<object>();

/** True for things that have been through here: whoever meets them again need not report them. */
export function isJudged(thing: unknown): boolean {
  return typeof thing === 'object' && thing !== null && judged.has(thing);
}

/** Any thrown thing (string, Error, XHR, {error}, {exception}, Event) as one of ours. */
export function recognised(thing: unknown): ViewerError {
  if (typeof thing === 'object' && thing !== null) judged.add(thing);
  if (thing instanceof ViewerError) return thing;
  if (typeof thing === 'string') return new ViewerError(ofText(thing) ?? 'decode', thing);
  if (typeof thing !== 'object' || thing === null) return new ViewerError('decode');
  if ((thing as { name?: unknown }).name === 'AbortError') return new ViewerError('cancelled');
  return ofShape(thing);
}
