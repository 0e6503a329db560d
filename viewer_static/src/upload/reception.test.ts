import { describe, expect, it } from 'vitest';
import { FakeClock } from '../testing.ts';
import { Batch } from './batch.ts';
import { ReadingQueue } from './chunks.ts';
import { Ledger } from './ledger.ts';
import { Reception } from './reception.ts';
import type { Picked } from './survey.ts';
import { element, file, item, sequence, u32 } from './testing.ts';

const LITTLE = '1.2.840.10008.1.2.1';
const DIRECTORY = '1.2.840.10008.1.3.10';
const CT = '1.2.840.10008.5.1.4.1.1.2';

/** A table of contents that lists these files. */
function table(...names: readonly string[]): Uint8Array<ArrayBuffer> {
  const records = names.map((name) =>
    item([
      element('00041400', 'UL', u32(0)),
      element('00041420', 'UL', u32(0)),
      element('00041430', 'CS', 'IMAGE'),
      element('00041500', 'CS', name),
    ]),
  );
  const meta = element('00020002', 'UI', `${DIRECTORY}\0`);
  return file(LITTLE, [meta, sequence('00041220', records)]);
}

const image = (): Uint8Array<ArrayBuffer> =>
  file(LITTLE, [element('00080016', 'UI', `${CT}\0`), element('00100020', 'LO', 'P1')]);

const picked = (path: string, content: Uint8Array<ArrayBuffer>): Picked => ({
  path,
  file: new File([content], path.split('/').at(-1) ?? ''),
});

async function notes(...picks: readonly Picked[]): Promise<string[]> {
  const reception = new Reception({
    clock: new FakeClock(),
    ledger: new Ledger(null, 'salt'),
    asker: { patients: async () => null, target: async () => null },
    reading: new ReadingQueue(),
    breathe: async () => undefined,
  });
  const batch = new Batch('key', 'folder', 'DISC', 0);
  await reception.survey(batch, picks, new AbortController().signal);
  expect(batch.source).toBe('usb');
  return batch.notes.map(({ text, good }) => `${good ? 'good' : 'bad'}: ${text}`);
}

describe("a disc's table of contents", () => {
  const list = picked('DISC/DICOMDIR', table('IM\\1', 'IM\\2'));
  const [one, two] = [picked('DISC/IM/1', image()), picked('DISC/im/2.', image())];

  it('is said to be complete, once, also where the disc carries it twice', async () => {
    const again = picked('DISC/DICOMDIR.BAK', table('IM\\1', 'IM\\2'));
    expect(await notes(list, again, one, two)).toEqual([
      'good: The disc lists 2 images, all found.',
    ]);
  });

  it('names what the disc does not hold', async () => {
    expect(await notes(list, one)).toEqual([
      'bad: The disc lists 2 images, 1 found. Missing: IM/2',
    ]);
  });

  it('chosen by itself asks for the disc', async () => {
    expect(await notes(list)).toEqual([
      'bad: The disc lists 2 images, none of them is here: choose the whole disc or its folder.',
    ]);
  });
});
