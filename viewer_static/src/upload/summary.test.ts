import { describe, expect, it } from 'vitest';
import { decoded } from './charset.ts';
import { discOf, missing } from './dicomdir.ts';
import { squeezable, summary } from './summary.ts';
import { element, file, item, sequence, u32 } from './testing.ts';

const PATIENT = [element('00100010', 'PN', 'Doe^Jane'), element('00100020', 'LO', 'P-1')];
const STUDY = element('0020000d', 'UI', '1.2.3');

describe('whose images a file holds', () => {
  it('is read behind sequences of every writing', () => {
    const nested = sequence('00081140', [item([element('00080018', 'UI', '9.9')], true)], true);
    const plain = sequence('00081110', [item([element('00100010', 'PN', 'Not^Me')])]);
    const bytes = file('1.2.840.10008.1.2.1', [plain, nested, ...PATIENT, STUDY]);
    expect(summary(bytes)).toMatchObject({
      patientName: 'Doe^Jane',
      patientId: 'P-1',
      studyUid: '1.2.3',
      transferSyntax: '1.2.840.10008.1.2.1',
      complete: true,
    });
  });

  it('is told to be incomplete when the bytes end too early', () => {
    const bytes = file('1.2.840.10008.1.2.1', [...PATIENT, STUDY]);
    expect(summary(bytes.subarray(0, bytes.length - 8)).complete).toBe(false);
  });

  it('survives bytes of any kind', () => {
    for (let seed = 0; seed < 200; seed++) {
      const noise = new Uint8Array(400).map((_, i) => (i * seed * 73 + (i >> 3) * 31) & 0xff);
      noise.set([0x44, 0x49, 0x43, 0x4d], 128);
      expect(() => summary(noise)).not.toThrow();
    }
  });

  it('says what is worth compressing', () => {
    expect(squeezable(summary(file('1.2.840.10008.1.2.1', PATIENT)))).toBe(true);
    expect(squeezable(summary(file('1.2.840.10008.1.2.4.70', PATIENT)))).toBe(false);
  });
});

describe('names', () => {
  it.each([
    ['ISO_IR 192', [0x4d, 0xc3, 0xbc], 'Mü'],
    ['ISO_IR 100', [0x4d, 0xfc, 0x20], 'Mü'],
    ['', [0x4d, 0x61], 'Ma'],
    ['ISO_IR 144', [0xbb, 0xee], 'Лю'],
    ['\\ISO 2022 IR 149', [0x1b, 0x24, 0x29, 0x43, 0xb1, 0xe8], '김'],
  ])('in %s', (charset, bytes, text) => {
    expect(decoded(Uint8Array.from(bytes), charset)).toBe(text);
  });
});

function record(type: string, more: readonly Uint8Array[], next = 0, lower = 0): Uint8Array {
  return item([
    element('00041400', 'UL', u32(next)),
    element('00041420', 'UL', u32(lower)),
    element('00041430', 'CS', type),
    ...more,
  ]);
}

const disc = (records: readonly Uint8Array[]) =>
  file('1.2.840.10008.1.2.1', [element('00041200', 'UL', u32(0)), sequence('00041220', records)]);

const IMAGE = (name: string) => record('IMAGE', [element('00041500', 'CS', name)]);
const breathe = () => Promise.resolve();

describe("a disc's table of contents", () => {
  const table = disc([
    record('PATIENT', PATIENT),
    record('STUDY', [element('00080020', 'DA', '20260101')]),
    record('SERIES', []),
    IMAGE('IM\\0001'),
    IMAGE('IM\\0002'),
    record('PATIENT', [element('00100010', 'PN', 'Roe^Rick')]),
    record('STUDY', []),
    IMAGE('IM\\0003'),
  ]);

  it('names patients, studies and their images', async () => {
    const found = await discOf(table, breathe);
    expect(found?.patients.map(({ name }) => name)).toEqual(['Doe^Jane', 'Roe^Rick']);
    expect(found?.patients[0]?.studies).toEqual([{ description: '', date: '20260101', images: 2 }]);
    expect(found?.files).toEqual(['IM/0001', 'IM/0002', 'IM/0003']);
  });

  it('tells what the disc does not hold, whatever its case, version and dots', async () => {
    const found = await discOf(table, breathe);
    if (found === null) throw new Error('unread');
    expect(missing(found, 'CD/', ['CD/im/0001', 'CD/IM/0003.;1'])).toEqual(['IM/0002']);
    expect(missing(found, '', ['IM/0001', 'IM/0002', 'IM/0003'])).toEqual([]);
  });

  it('is not waited for when it is none', async () => {
    expect(await discOf(new Uint8Array(200), breathe)).toBeNull();
  });
});
