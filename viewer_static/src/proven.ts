/** From an answer and its bytes to a file that may be shown. */
import type { Digested } from './digest.ts';
import { ViewerError } from './errors.ts';
import {
  type Announced,
  digestOf,
  type Expected,
  misannounced,
  objection,
  proof,
  syntaxOf,
} from './instance.ts';
import type { Partial } from './partial.ts';

export interface Proven {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly converted: string | null;
  readonly integrity: 'md5' | 'length';
  readonly requestId: string | null;
  /** Of the bytes. */
  readonly md5: string;
  /** As it came; empty where the file does not say, or a coding of somebody's own. */
  readonly syntax: string;
}

/** Of the stored file, as the list told it or as it came: a long list tells those of its first files only. */
export function storedMd5(
  { md5 }: Pick<Expected, 'md5'>,
  came: Pick<Proven, 'converted' | 'integrity' | 'md5'>,
): string | null {
  return md5 ?? (came.converted === null && came.integrity === 'md5' ? came.md5 : null);
}

function announcedBy(response: Response, expected: Expected): Announced {
  const converted = response.headers.get('x-converted');
  const length = response.headers.get('content-length');
  if (length === null && converted !== null)
    throw new ViewerError('short', 'No length was announced.');
  return {
    length: length === null ? expected.size : Number(length),
    md5: digestOf(response.headers.get('etag')),
    converted,
    integrity: response.headers.get('x-integrity') === 'length' ? 'length' : 'md5',
  };
}

/** Begins the file or continues it; a part that was not asked for is refused. */
export function opened(response: Response, expected: Expected, partial: Partial): Announced {
  const etag = response.headers.get('etag');
  if (response.status === 206) return partial.resume(response.headers.get('content-range'), etag);
  const announced = announcedBy(response, expected);
  const wrong = misannounced(expected, announced);
  if (wrong !== null) throw wrong;
  partial.begin(announced, etag);
  return announced;
}

/** Proven, or thrown out with the reason. */
export function checked(
  response: Response,
  { bytes, md5 }: Digested,
  expected: Expected,
  announced: Announced,
): Proven {
  const wrong = objection(bytes, md5, expected, announced);
  if (wrong !== null) throw wrong;
  return {
    bytes,
    converted: announced.converted,
    integrity: proof(expected, announced),
    requestId: response.headers.get('x-request-id'),
    md5,
    syntax: syntaxOf(bytes),
  };
}
