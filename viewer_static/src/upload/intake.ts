/** Files from a drop or a picker, with their paths; a drop must be read before its event is over. */
import type { Picked } from './survey.ts';

function filesIn(directory: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = directory.createReader();
  const all: FileSystemEntry[] = [];
  return new Promise((resolve) => {
    // Browsers hand out a hundred at a time, and an empty answer at the end.
    const next = () =>
      reader.readEntries(
        (entries) => {
          all.push(...entries);
          if (entries.length === 0) resolve(all);
          else next();
        },
        () => resolve(all),
      );
    next();
  });
}

function fileOf(entry: FileSystemFileEntry): Promise<Picked | null> {
  const path = entry.fullPath.replace(/^\//, '');
  return new Promise((resolve) => {
    entry.file(
      (file) => resolve({ file, path }),
      () => resolve(null),
    );
  });
}

async function walked(roots: readonly FileSystemEntry[]): Promise<Picked[]> {
  const open = [...roots].reverse();
  const picks: Picked[] = [];
  for (let entry = open.pop(); entry !== undefined; entry = open.pop()) {
    if (entry.isDirectory)
      open.push(...(await filesIn(entry as FileSystemDirectoryEntry)).reverse());
    else {
      const pick = await fileOf(entry as FileSystemFileEntry);
      if (pick !== null) picks.push(pick);
    }
  }
  return picks;
}

export interface Drop {
  readonly picks: Promise<Picked[]>;
  readonly folder: boolean;
}

export function dropped(transfer: DataTransfer): Drop {
  const files = [...transfer.files];
  const entries = [...transfer.items]
    .filter(({ kind }) => kind === 'file')
    .map((item) => item.webkitGetAsEntry())
    .filter((entry) => entry !== null);
  if (entries.length === 0) return { picks: Promise.resolve(files.map(named)), folder: false };
  return { picks: walked(entries), folder: entries.some(({ isDirectory }) => isDirectory) };
}

const named = (file: File): Picked => ({ file, path: file.webkitRelativePath || file.name });

/** The list is copied at once: emptying the field afterwards empties the browser's own list. */
export function picked(field: HTMLInputElement): Picked[] {
  const picks = [...(field.files ?? [])].map(named);
  field.value = '';
  return picks;
}
