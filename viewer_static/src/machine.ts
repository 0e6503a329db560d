/** The picture engine, fetched when the first picture is opened: 1 MB that lists need not pay for. */
import { recognised } from './errors.ts';
import type { Watch } from './persist.ts';
import type { Transport } from './transport.ts';

export interface Machine {
  readonly engine: typeof import('./loader.ts');
  readonly viewports: typeof import('./viewports.ts');
  readonly group: typeof import('./tools/group.ts');
  readonly marks: typeof import('./tools/marks.ts');
  readonly tags: typeof import('./tools/tags.ts');
}

function parts() {
  return Promise.all([
    import('./loader.ts'),
    import('./viewports.ts'),
    import('./tools/group.ts'),
    import('./tools/marks.ts'),
    import('./tools/tags.ts'),
  ]);
}

/** Brings the parts here while the lists are still under way; a failure is met again when it matters. */
export function warm(): void {
  parts().catch(recognised);
}

export class MachineRoom {
  machine: Machine | null = null;

  constructor(
    private readonly transport: Transport,
    private readonly ask: (written: string) => Promise<string>,
    private readonly ready: (machine: Machine) => void,
  ) {}

  /** The link may drop while it is loaded. */
  async started(watch: Watch): Promise<Machine> {
    return this.machine ?? this.transport.stubbornly(watch, () => this.start());
  }

  private async start(): Promise<Machine> {
    const [engine, viewports, group, marks, tags] = await parts();
    // Two openings may race for the engine; it starts once.
    if (this.machine !== null) return this.machine;
    engine.startEngine();
    group.startTools(this.ask);
    this.machine = { engine, viewports, group, marks, tags };
    this.ready(this.machine);
    return this.machine;
  }
}
