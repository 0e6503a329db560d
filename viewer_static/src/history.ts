/** Undo and redo over whole states: whatever changed them, a state that was left can be gone back to. */

const DEPTH = 60;

export class History<State> {
  private past: string[] = [];
  private future: string[] = [];
  private now: string;

  constructor(
    private readonly take: () => State,
    private readonly restore: (state: State) => void,
  ) {
    this.now = JSON.stringify(take());
  }

  /** A movement is over: if it changed anything, it can be undone. */
  settle(): void {
    const found = JSON.stringify(this.take());
    if (found === this.now) return;
    this.past = [...this.past, this.now].slice(-DEPTH);
    this.future = [];
    this.now = found;
  }

  /** What changes by itself, such as the picture shown, is no step. */
  accept(): void {
    this.now = JSON.stringify(this.take());
  }

  undo(): void {
    this.settle();
    const before = this.past.pop();
    if (before === undefined) return;
    this.future.push(this.now);
    this.become(before);
  }

  redo(): void {
    const after = this.future.pop();
    if (after === undefined) return;
    this.past.push(this.now);
    this.become(after);
  }

  private become(state: string): void {
    this.restore(JSON.parse(state) as State);
    this.accept();
  }
}
