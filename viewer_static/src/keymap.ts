/** Keys as this reader has them: the usual ones, and what was changed in this browser. */
import type { Command } from './keys.ts';

const KEPT = 'pacs-keys';

type Changes = Readonly<Record<string, readonly string[]>>;

export class Keymap {
  private changes: Changes;

  constructor(private readonly storage: Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>) {
    this.changes = this.kept();
  }

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
    this.changes = { ...this.changes, ...Object.fromEntries(freed), [command.id]: [key] };
    this.storage.setItem(KEPT, JSON.stringify(this.changes));
  }

  reset(): void {
    this.changes = {};
    this.storage.removeItem(KEPT);
  }

  private kept(): Changes {
    try {
      const found: unknown = JSON.parse(this.storage.getItem(KEPT) ?? '{}');
      const entries = Object.entries(found ?? {}).filter(([, keys]) => Array.isArray(keys));
      return Object.fromEntries(entries) as Changes;
    } catch {
      return {};
    }
  }
}
