/** AES-GCM and HMAC under keys that cannot leave the browser's own cryptography. */

export interface Sealed {
  readonly iv: Uint8Array<ArrayBuffer>;
  readonly data: ArrayBuffer;
}

const IV_BYTES = 12;
const encoder = new TextEncoder();

export class Seal {
  private constructor(
    private readonly locking: CryptoKey,
    private readonly naming: CryptoKey,
  ) {}

  /** Of 32 secret bytes; neither key can be read again. */
  static async of(secret: Uint8Array<ArrayBuffer>): Promise<Seal> {
    const { subtle } = crypto;
    const base = await subtle.importKey('raw', secret, 'HKDF', false, ['deriveKey']);
    const from = (info: string) => ({
      name: 'HKDF',
      hash: 'SHA-256',
      salt: new Uint8Array(),
      info: encoder.encode(info),
    });
    const aes = { name: 'AES-GCM', length: 256 };
    const hmac = { name: 'HMAC', hash: 'SHA-256', length: 256 };
    return new Seal(
      await subtle.deriveKey(from('seal'), base, aes, false, ['encrypt', 'decrypt']),
      await subtle.deriveKey(from('name'), base, hmac, false, ['sign']),
    );
  }

  /** Says nothing to whoever has no key, not even which image it is. */
  async name(words: string): Promise<string> {
    const made = await crypto.subtle.sign('HMAC', this.naming, encoder.encode(words));
    return [...new Uint8Array(made, 0, 16)]
      .map((byte) => byte.toString(16).padStart(2, '0'))
      .join('');
  }

  /** Bound to its name: it opens under no other. */
  async shut(name: string, bytes: Uint8Array<ArrayBuffer>): Promise<Sealed> {
    const iv = crypto.getRandomValues(new Uint8Array(IV_BYTES));
    return { iv, data: await crypto.subtle.encrypt(this.way(name, iv), this.locking, bytes) };
  }

  /** Null when it was not shut like this. */
  async open(name: string, { iv, data }: Sealed): Promise<Uint8Array<ArrayBuffer> | null> {
    try {
      return new Uint8Array(await crypto.subtle.decrypt(this.way(name, iv), this.locking, data));
    } catch {
      return null;
    }
  }

  private way(name: string, iv: Uint8Array<ArrayBuffer>): AesGcmParams {
    return { name: 'AES-GCM', iv, additionalData: encoder.encode(name) };
  }
}
