/** Keys as this reader has them: the usual ones, and what was changed. */
import type { Command } from './keys.ts';
import type { Store } from './preferences.ts';

const KEPT = 'keys';

type Changes = Readonly<Record<string, readonly string[]>>;

export class Keymap {
  private read: string | null = null;
  private known: Changes = {};

  constructor(private readonly storage: Store) {}

  /** The commands under the keys that count. */
  applied(commands: readonly Command[]): readonly Command[] {
    return commands.map((command) => ({ ...command, keys: this.keysOf(command) }));
  }

  keysOf({ id, keys }: Command): readonly string[] {
    return this.changes[id] ?? keys;
  }

  /** The key does this from now on, and nothing else any more. */
  bind(commands: readonly Command[], command: Command, key: string): void {
    const freed = commands
      .filter((other) => other.id !== command.id && this.keysOf(other).includes(key))
      .map((other) => [other.id, this.keysOf(other).filter((one) => one !== key)] as const);
    const changes = { ...this.changes, ...Object.fromEntries(freed), [command.id]: [key] };
    this.storage.setItem(KEPT, JSON.stringify(changes));
  }

  reset(): void {
    this.storage.removeItem(KEPT);
  }

  /** They may be changed from elsewhere; asked for with every key, so read once. */
  private get changes(): Changes {
    const kept = this.storage.getItem(KEPT);
    if (kept !== this.read) this.known = parsed(kept ?? '{}');
    this.read = kept;
    return this.known;
  }
}

function parsed(kept: string): Changes {
  try {
    const found: unknown = JSON.parse(kept);
    const entries = Object.entries(found ?? {}).filter(([, keys]) => Array.isArray(keys));
    return Object.fromEntries(entries) as Changes;
  } catch {
    return {};
  }
}
