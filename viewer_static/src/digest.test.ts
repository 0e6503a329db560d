import { expect, test } from 'vitest';
import { DigestBeside, type Helper, type Question, type Reply } from './digest.ts';
import { md5 } from './md5.ts';
import { dicom, FakeClock } from './testing.ts';

/** A worker whose words come when the test says so. */
class FakeHelper implements Helper {
  readonly asked: Question[] = [];
  readonly heard = new Map<string, (event: never) => void>();
  isOver = false;

  postMessage(question: Question, transfer: Transferable[]): void {
    this.asked.push(structuredClone(question, { transfer }));
  }

  addEventListener(name: string, heard: (event: never) => void): void {
    this.heard.set(name, heard);
  }

  terminate(): void {
    this.isOver = true;
  }

  say(data: Reply): void {
    this.heard.get('message')?.({ data } as never);
  }

  answer(turn: number): void {
    const question = this.asked[turn];
    if (question === undefined) throw new Error('nothing was asked');
    this.say({ answer: { ...question, md5: md5(new Uint8Array(question.buffer)) } });
  }

  die(): void {
    this.heard.get('error')?.({} as never);
  }
}

function beside(ready = true) {
  const helper = new FakeHelper();
  const clock = new FakeClock();
  const { digest } = new DigestBeside(clock, () => helper);
  if (ready) helper.say({ answer: null });
  return { helper, clock, digest };
}

test('the bytes go to the helper and come back with their digest, in any order', async () => {
  const { helper, digest } = beside();
  const files = [dicom(500, 1), dicom(600, 2)];
  const copies = files.map(({ bytes }) => bytes.slice());
  const coming = files.map(({ bytes }) => digest(bytes));
  expect(files.map(({ bytes }) => bytes.length)).toEqual([0, 0]);
  helper.answer(1);
  helper.answer(0);
  const found = await Promise.all(coming);
  expect(found.map((each) => each.md5)).toEqual(files.map((each) => each.md5));
  expect(found.map((each) => each.bytes)).toEqual(copies);
});

test('a helper that has not started keeps nobody waiting', async () => {
  const { helper, digest } = beside(false);
  const { bytes, md5: wanted } = dicom();
  expect((await digest(bytes)).md5).toBe(wanted);
  expect(helper.asked).toHaveLength(0);
});

test('a helper that cannot be made is done without', async () => {
  const { digest } = new DigestBeside(new FakeClock(), () => {
    throw new Error('no workers here');
  });
  const { bytes, md5: wanted } = dicom();
  expect((await digest(bytes)).md5).toBe(wanted);
});

test('what a helper held when it died is asked for again, and the next is digested here', async () => {
  const { helper, digest } = beside();
  const lost = digest(dicom().bytes);
  helper.die();
  await expect(lost).rejects.toMatchObject({ category: 'short' });
  const { bytes, md5: wanted } = dicom();
  expect((await digest(bytes)).md5).toBe(wanted);
});

test('a helper that says nothing any more counts as dead', async () => {
  const { helper, clock, digest } = beside();
  const lost = digest(dicom().bytes);
  const refused = expect(lost).rejects.toMatchObject({ category: 'short' });
  await clock.advance(30_000);
  await refused;
  expect(helper.isOver).toBe(true);
});
