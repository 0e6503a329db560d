/** Runs so many at a time as may run now; the number may change while they run. */

type Task = () => Promise<void>;

export class Lanes {
  private readonly queue: Task[] = [];
  private running = 0;

  constructor(private readonly most: () => number) {}

  add(task: Task): void {
    this.queue.push(task);
    this.pump();
  }

  /** The number has changed. */
  pump(): void {
    while (this.running < this.most()) {
      const task = this.queue.shift();
      if (task === undefined) return;
      this.running += 1;
      void task().finally(() => {
        this.running -= 1;
        this.pump();
      });
    }
  }
}
