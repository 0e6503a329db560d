/** What the reader is made of, and what it stands around. */
import type { LikedLayouts } from './layout.ts';
import type { Link } from './link.ts';
import type { Opening } from './opening.ts';
import type { Preferences } from './preferences.ts';
import type { Stage } from './stage.ts';
import type { Toasts } from './toasts.ts';
import type { Transport } from './transport.ts';

export interface ReaderDeps {
  readonly transport: Transport;
  readonly link: Link;
  readonly toasts: Toasts;
  readonly preferences: Preferences;
  /** Puts what is open into the page's address, which in turn opens it. */
  readonly goes: (studyId: string, seriesId: string) => void;
  readonly back: () => void;
}

/** The page as it opens: the pictures, and empty places for the rest. */
export interface Bare {
  readonly stage: Stage;
  readonly opening: Opening;
  readonly liked: LikedLayouts;
  readonly page: HTMLElement;
  readonly bar: HTMLElement;
  readonly strip: HTMLElement;
  readonly desk: HTMLElement;
  readonly status: HTMLElement;
}
