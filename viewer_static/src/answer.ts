/** What an answer must be before anything in it is believed: of its kind, whole, and as its digest says. */
import { ofAnswer, ViewerError } from './errors.ts';
import { md5 } from './md5.ts';
import { retryAfterMs } from './retry.ts';
import type { Watchdog } from './watchdog.ts';

export async function refusal(response: Response, now: number): Promise<ViewerError> {
  const after = retryAfterMs(response.headers.get('retry-after'), now);
  const body: unknown = await response.json().catch(() => null);
  return ofAnswer(response.status, body, {
    requestId: response.headers.get('x-request-id'),
    retryAfterMs: after,
  });
}

/** Sign-in pages and portals redirect: never followed, and not to be waited for like a broken line. */
export function notElsewhere(response: Response): void {
  if (response.type === 'opaqueredirect')
    throw new ViewerError('html', 'The answer was a redirect to another address.');
}

/** A page or an error answered with 200 is no image; 206 is whole only for who asked for a part. */
export function ofKind(response: Response, wanted: string): void {
  const type =
    (response.headers.get('content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? '';
  if (type === wanted) return;
  const detail = `Expected ${wanted}, got ${type || 'nothing named'}.`;
  if (type === 'text/html') throw new ViewerError('html', detail);
  throw new ViewerError(wanted === 'application/dicom' ? 'not-dicom' : 'server', detail);
}

/** The pieces of a body, each a sign of life. */
async function* pieces(response: Response, dog: Watchdog): AsyncIterable<Uint8Array> {
  const reader = response.body?.getReader();
  for (;;) {
    const { done, value } = (await reader?.read()) ?? { done: true, value: undefined };
    if (done || value === undefined) return;
    dog.kick();
    yield value;
  }
}

/** A body of exactly the announced length. */
export async function whole(response: Response, dog: Watchdog): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = new Uint8Array(Number(response.headers.get('content-length')) || 0);
  let received = 0;
  for await (const piece of pieces(response, dog)) {
    if (received + piece.length > bytes.length) throw new ViewerError('short');
    bytes.set(piece, received);
    received += piece.length;
  }
  if (received === bytes.length && received > 0) return bytes;
  throw new ViewerError('short', `${received} of ${bytes.length} bytes arrived.`);
}

/** One flipped bit in a list is another patient's name. */
export function vouchedFor(response: Response, body: Uint8Array): void {
  const digest = response.headers.get('repr-digest');
  if (digest !== null && digest !== `md5=:${base64(md5(body))}:`)
    throw new ViewerError('digest', 'What arrived is not what the server sent.');
}

const base64 = (hex: string): string =>
  btoa(hex.replace(/../g, (pair) => String.fromCharCode(Number.parseInt(pair, 16))));

export function parsed(body: string, response: Response): unknown {
  try {
    return JSON.parse(body);
  } catch {
    const said = response.headers.get('content-length') ?? 'unknown';
    throw new ViewerError('short', `A list arrived incomplete (${said} bytes announced).`);
  }
}
