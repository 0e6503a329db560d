/** Asks the server for the session's key, and opens with it what is kept here. */
import type { Digest } from '../digest.ts';
import type { Transport } from '../transport.ts';
import { Drawer } from './drawer.ts';
import { Seal } from './seal.ts';
import { Vault } from './vault.ts';

interface Told {
  readonly key: string;
  readonly bytes: number;
  readonly seconds: number;
}

export const keyPath = 'api/session/device';

/** Browsers offer their cryptography over HTTPS only, and on this machine. */
export const canKeep = (): boolean => window.isSecureContext && 'subtle' in crypto;

export async function openVault(transport: Transport, digest: Digest): Promise<Vault | null> {
  if (!canKeep()) return null;
  const told = (await transport.json(keyPath, { signal: new AbortController().signal })) as Told;
  const secret = Uint8Array.from(atob(told.key), (letter) => letter.charCodeAt(0));
  const seal = await Seal.of(secret);
  secret.fill(0);
  const { bytes, seconds } = told;
  return Vault.opened(await Drawer.opened(), seal, digest, { bytes, seconds }, Date.now);
}
