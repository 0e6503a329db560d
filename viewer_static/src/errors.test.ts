import { describe, expect, it } from 'vitest';
import { type Category, EXPLAINED, isJudged, ofAnswer, recognised, ViewerError } from './errors.ts';

const TEXTS: readonly (readonly [string, Category])[] = [
  ['dicomParser:parseDicomDataSetExplicit: buffer overrun', 'overrun'],
  ['dicomParser.readFixedString: attempt to read past end of buffer', 'overrun'],
  [
    'Stream has insufficient data: requested 524288 bytes at offset 1200, but only 298800 bytes available',
    'overrun',
  ],
  ['Finding view is past end of input for start=N where offsets=0', 'overrun'],
  ['Request more than currently allocated buffer', 'overrun'],
  [
    "dicomParser.ByteStream: parameter 'position' cannot be greater than or equal to 'byteArray' length",
    'overrun',
  ],
  [
    'dicomParser.readPart10Header: DICM prefix not found at location 132 - this is not a valid DICOM P10 file.',
    'not-dicom',
  ],
  ['Invalid DICOM file: detected LEI encoding but length is odd', 'not-dicom'],
  ['loadImageFromNaturalizedMetadata: no pixel data in NATURALIZED for imageId', 'no-pixels'],
  ['The pixel data is missing', 'no-pixels'],
  ['Array buffer allocation failed', 'memory'],
  [
    'Invalid JPEG-LS stream, the encoded bit stream contains a general structural problem',
    'decode',
  ],
  ['No decoder for transfer syntax 1.2.840.10008.1.2.4.100', 'decode'],
  ['unsupported pixel format for RLE', 'decode'],
  ['Failed to fetch', 'network'],
  ['network error', 'network'],
  ['Failed to fetch dynamically imported module: assets/loader.js', 'engine'],
  [
    "Aborted(NetworkError: Failed to execute 'send' on 'XMLHttpRequest': Failed to load 'assets/openjphjs.wasm'.)",
    'engine',
  ],
  ['Aborted(both async and sync fetching of the wasm failed)', 'engine'],
];

describe('errors', () => {
  it.each(TEXTS)('recognises "%s"', (text, category) => {
    expect(recognised(text).category).toBe(category);
    expect(recognised(new Error(text)).category).toBe(category);
    expect(recognised({ error: text }).category).toBe(category);
    expect(recognised({ error: new Error(text) }).category).toBe(category);
    expect(recognised({ error: { exception: text, dataSet: {} } }).category).toBe(category);
  });

  it('recognises XHR objects by their status', () => {
    expect(recognised({ status: 0, readyState: 4 }).category).toBe('network');
    expect(recognised({ status: 401, readyState: 4 }).category).toBe('unauthorised');
    expect(recognised({ error: { status: 503, readyState: 4 } }).category).toBe('away');
  });

  it('takes anything else as a picture that cannot be decoded', () => {
    for (const thing of [undefined, null, 7, {}, new Event('error')]) {
      expect(recognised(thing).category).toBe('decode');
    }
  });

  it('takes an abort as cancelled and keeps its own errors', () => {
    expect(recognised(new DOMException('gone', 'AbortError')).category).toBe('cancelled');
    const own = new ViewerError('digest');
    expect(recognised({ error: own })).toBe(own);
  });

  it('knows again what it has judged', () => {
    const error = new Error('buffer overrun');
    expect(isJudged(error)).toBe(false);
    recognised(error);
    expect(isJudged(error)).toBe(true);
    expect(isJudged('text')).toBe(false);
  });

  it('reads the server`s problem and its word on retrying', () => {
    const body = {
      code: 'stored_object_damaged',
      detail: 'Three equal wrong digests.',
      retryable: false,
      request_id: 'r-7',
    };
    const error = ofAnswer(502, body, { requestId: 'header-id' });
    expect(error).toMatchObject({
      category: 'damaged',
      message: 'Three equal wrong digests.',
      requestId: 'r-7',
      retryable: false,
      status: 502,
    });
  });

  it('manages without a problem document', () => {
    expect(ofAnswer(404, null, { requestId: 'h' })).toMatchObject({
      category: 'not-found',
      requestId: 'h',
      retryable: false,
    });
    expect(ofAnswer(503, '<html>', {})).toMatchObject({
      category: 'away',
      away: true,
      retryable: true,
    });
    expect(ofAnswer(599, {}, {}).category).toBe('server');
    expect(ofAnswer(418, {}, {}).category).toBe('request');
  });

  it('keeps every fact when the request`s id is added', () => {
    const error = new ViewerError('busy', 'full', {
      status: 503,
      retryAfterMs: 2_000,
      retryable: false,
    });
    expect(error.withRequest('r')).toMatchObject({
      category: 'busy',
      message: 'full',
      status: 503,
      retryAfterMs: 2_000,
      retryable: false,
      requestId: 'r',
    });
  });

  it('has a title and a sentence without patient data for every category', () => {
    for (const { title, sentence } of Object.values(EXPLAINED)) {
      expect(title).not.toBe('');
      expect(sentence).toMatch(/\.$/);
    }
  });
});
