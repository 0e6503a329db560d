/** The keyboard in the reading room: one table, also shown as help. */

export interface Command {
  readonly keys: readonly string[];
  readonly label: string;
  readonly shown: string;
  readonly run: () => void;
}

/** Runs the command bound to the key; true when there was one. */
export function obeyed(commands: readonly Command[], event: KeyboardEvent): boolean {
  if (event.ctrlKey || event.metaKey || event.altKey) return false;
  const command = commands.find(({ keys }) => keys.includes(event.key));
  if (command === undefined) return false;
  event.preventDefault();
  command.run();
  return true;
}
