/** Files from a drop or a picker, with their paths; a drop must be read before its event is over. */
import type { Picked } from './survey.ts';

interface Listing {
  readonly entries: readonly FileSystemEntry[];
  /** The medium gave out before the end. */
  readonly isCut: boolean;
}

function listing(directory: FileSystemDirectoryEntry): Promise<Listing> {
  const reader = directory.createReader();
  const entries: FileSystemEntry[] = [];
  return new Promise((resolve) => {
    // Browsers hand out a hundred at a time, and an empty answer at the end.
    const next = () =>
      reader.readEntries(
        (more) => {
          entries.push(...more);
          if (more.length === 0) resolve({ entries, isCut: false });
          else next();
        },
        () => resolve({ entries, isCut: true }),
      );
    next();
  });
}

const pathOf = ({ fullPath }: FileSystemEntry): string => fullPath.replace(/^\//, '');

/** Named in the list all the same: what is missing must not look as if it had never been there. */
const unread = (entry: FileSystemEntry, path: string): Picked => ({
  file: new File([], entry.name),
  path,
  isUnread: true,
});

function fileOf(entry: FileSystemFileEntry): Promise<Picked> {
  const path = pathOf(entry);
  return new Promise((resolve) => {
    entry.file(
      (file) => resolve({ file, path }),
      () => resolve(unread(entry, path)),
    );
  });
}

/** Every file below, and what could not be looked into. */
export async function walked(roots: readonly FileSystemEntry[]): Promise<Picked[]> {
  const open = [...roots].reverse();
  const picks: Picked[] = [];
  for (let entry = open.pop(); entry !== undefined; entry = open.pop()) {
    if (entry.isDirectory) {
      const { entries, isCut } = await listing(entry as FileSystemDirectoryEntry);
      open.push(...[...entries].reverse());
      if (isCut) picks.push(unread(entry, `${pathOf(entry)}/`));
    } else picks.push(await fileOf(entry as FileSystemFileEntry));
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
