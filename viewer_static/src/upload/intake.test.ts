import { expect, it } from 'vitest';
import { walked } from './intake.ts';

type Entry = FileSystemEntry;

function file(fullPath: string, isReadable = true): Entry {
  const name = fullPath.slice(fullPath.lastIndexOf('/') + 1);
  const give = (came: (file: File) => void, failed: (error: Error) => void) =>
    isReadable ? came(new File(['x'], name)) : failed(new Error('medium'));
  return { name, fullPath, isDirectory: false, file: give } as unknown as Entry;
}

/** Hands out its parts one after the other, and fails where a part is null. */
function folder(fullPath: string, parts: readonly (readonly Entry[] | null)[]): Entry {
  const left = [...parts];
  const readEntries = (came: (entries: readonly Entry[]) => void, failed: (e: Error) => void) => {
    const part = left.length > 0 ? left.shift() : [];
    if (part) came(part);
    else failed(new Error('medium'));
  };
  const name = fullPath.slice(1);
  const createReader = () => ({ readEntries });
  return { name, fullPath, isDirectory: true, createReader } as unknown as Entry;
}

it('names the files and folders that the medium does not give, and takes all others', async () => {
  const bad = folder('/DISC/B', [[file('/DISC/B/1')], null]);
  const good = folder('/DISC/A', [[file('/DISC/A/1'), file('/DISC/A/2', false)]]);
  const picks = await walked([folder('/DISC', [[good], [bad]])]);
  expect(picks.map(({ path, isUnread = false }) => [path, isUnread])).toEqual([
    ['DISC/A/1', false],
    ['DISC/A/2', true],
    ['DISC/B/', true],
    ['DISC/B/1', false],
  ]);
});

it('says so of a folder of which nothing can be read', async () => {
  expect(await walked([folder('/DISC', [null])])).toMatchObject([
    { path: 'DISC/', isUnread: true },
  ]);
});
