/** Whose images a file holds, from its first bytes: enough to ask before anything leaves. Pure. */
import { decoded } from './charset.ts';
import { begin, UNCOMPRESSED, type Values, values, viewOf } from './header.ts';

export interface Summary {
  readonly transferSyntax: string | null;
  readonly sopClass: string | null;
  readonly patientName: string;
  readonly patientId: string;
  readonly birthDate: string;
  readonly studyUid: string;
  /** False: the bytes ended before the study's number; a longer look may tell more. */
  readonly complete: boolean;
}

const CHARSET = 0x00080005;
const NAME = 0x00100010;
const ID = 0x00100020;
const BORN = 0x00100030;
const STUDY = 0x0020000d;
const TAGS = new Set([CHARSET, NAME, ID, BORN, STUDY]);

const NOTHING: Summary = {
  transferSyntax: null,
  sopClass: null,
  patientName: '',
  patientId: '',
  birthDate: '',
  studyUid: '',
  complete: true,
};

export function summary(head: Uint8Array): Summary {
  const view = viewOf(head);
  const start = begin(view);
  if (start === null) return NOTHING;
  const range = { at: start.at, end: view.byteLength };
  const { found, complete } = values(view, range, start.syntax, TAGS);
  const { transferSyntax, sopClass } = start;
  return { ...NOTHING, transferSyntax, sopClass, ...identity(found), complete };
}

function identity(found: Values) {
  const charset = decoded(found.get(CHARSET), '');
  return {
    patientName: decoded(found.get(NAME), charset),
    patientId: decoded(found.get(ID), charset),
    birthDate: decoded(found.get(BORN), charset),
    studyUid: decoded(found.get(STUDY), charset),
  };
}

export const squeezable = ({ transferSyntax }: Summary): boolean =>
  transferSyntax !== null && UNCOMPRESSED.has(transferSyntax);
