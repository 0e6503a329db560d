/** What was proven of files whose pictures may still be decoded when their series is opened again. */
import type { Instance } from './api.ts';
import { type Proven, storedMd5 } from './proven.ts';

export interface Proof {
  readonly integrity: 'md5' | 'length';
  readonly converted: string | null;
}

const listed = ({ md5, size }: Pick<Instance, 'md5' | 'size'>): string => `${md5}:${size}`;

export class Proofs {
  private readonly known = new Map<string, { readonly proof: Proof; readonly listed: string }>();

  keep(instance: Instance, proven: Proof & Pick<Proven, 'md5'>): void {
    const { integrity, converted } = proven;
    const stored = { md5: storedMd5(instance, proven), size: instance.size };
    this.known.set(instance.id, { proof: { integrity, converted }, listed: listed(stored) });
  }

  /** Null when nothing says that the archive still holds these very bytes: then they are fetched anew. */
  of(instance: Instance): Proof | null {
    const known = this.known.get(instance.id);
    return instance.md5 !== null && known?.listed === listed(instance) ? known.proof : null;
  }
}
