/** The picture engine. The page's head names its files (preload.ts); it runs when a picture is opened. */
import type { Drawing } from './drawing.ts';
import { recognised } from './errors.ts';
import type { Watch } from './persist.ts';
import type { Transport } from './transport.ts';

/** What draws. */
export interface Machine {
  readonly engine: typeof import('./loader.ts');
  readonly viewports: typeof import('./viewports.ts');
  readonly planes: typeof import('./tools/plane-at.ts');
}

/** What works on pictures that are drawn: the first one does not wait for it. */
export interface Toolbox {
  readonly group: typeof import('./tools/group.ts');
  readonly marks: typeof import('./tools/marks.ts');
  readonly tags: typeof import('./tools/tags.ts');
}

function parts() {
  return Promise.all([
    import('./loader.ts'),
    import('./viewports.ts'),
    import('./tools/plane-at.ts'),
  ]);
}

function toolParts() {
  return Promise.all([
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
  tools: Toolbox | null = null;
  private bringing: Promise<void> | null = null;

  constructor(
    private readonly transport: Transport,
    private readonly deps: {
      readonly ask: (written: string) => Promise<string>;
      readonly memory: () => number;
      readonly drawing: () => Drawing;
    },
    private readonly ready: () => void,
  ) {}

  /** The link may drop while it is loaded. */
  async started(watch: Watch): Promise<Machine> {
    return this.machine ?? this.transport.stubbornly(watch, () => this.start());
  }

  /** For all viewports that there are, and will be; they wait for no one, so nothing is told of a slow link. */
  equip(): Promise<void> {
    const watch = { signal: new AbortController().signal, waiting: () => undefined };
    this.bringing ??= this.transport.stubbornly(watch, () => this.bring());
    return this.bringing;
  }

  private async start(): Promise<Machine> {
    const [engine, viewports, planes] = await parts();
    // Two openings may race for the engine; it starts once.
    if (this.machine !== null) return this.machine;
    engine.startEngine(this.deps.drawing());
    engine.limit(this.deps.memory());
    this.machine = { engine, viewports, planes };
    return this.machine;
  }

  private async bring(): Promise<void> {
    const [group, marks, tags] = await toolParts();
    group.startTools(this.deps.ask);
    this.tools = { group, marks, tags };
    this.ready();
  }
}
