/** MD5 fed piece by piece while the bytes arrive: plain TypeScript, so that the page's CSP needs no WebAssembly. */

const SHIFTS = [7, 12, 17, 22, 5, 9, 14, 20, 4, 11, 16, 23, 6, 10, 15, 21];
const SINES = Int32Array.from({ length: 64 }, (_, i) => (Math.abs(Math.sin(i + 1)) * 2 ** 32) | 0);

type Words = Int32Array;

const at = (words: Words, index: number): number => words[index] as number;

function rotated(value: number, by: number): number {
  return (value << by) | (value >>> (32 - by));
}

function mixed(round: number, b: number, c: number, d: number): number {
  if (round === 0) return (b & c) | (~b & d);
  if (round === 1) return (d & b) | (~d & c);
  if (round === 2) return b ^ c ^ d;
  return c ^ (b | ~d);
}

const STRIDE = [1, 5, 3, 7];
const OFFSET = [0, 1, 5, 0];
const PLACES = Int32Array.from({ length: 64 }, (_, i) => {
  const round = i >> 4;
  return ((STRIDE[round] as number) * i + (OFFSET[round] as number)) % 16;
});

function turn(state: Words, block: Words): void {
  let a = at(state, 0);
  let b = at(state, 1);
  let c = at(state, 2);
  let d = at(state, 3);
  for (let i = 0; i < 64; i++) {
    const sum = (a + mixed(i >> 4, b, c, d) + at(SINES, i) + at(block, at(PLACES, i))) | 0;
    a = d;
    d = c;
    c = b;
    b = (b + rotated(sum, SHIFTS[((i >> 4) << 2) | (i & 3)] as number)) | 0;
  }
  state[0] = (at(state, 0) + a) | 0;
  state[1] = (at(state, 1) + b) | 0;
  state[2] = (at(state, 2) + c) | 0;
  state[3] = (at(state, 3) + d) | 0;
}

function hexOf(state: Words): string {
  const bytes = new Uint8Array(state.buffer, state.byteOffset, 16);
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}

export class Md5 {
  private readonly state = Int32Array.of(0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476);
  private readonly block = new Int32Array(16);
  private readonly tail = new Uint8Array(this.block.buffer);
  private length = 0;

  update(bytes: Uint8Array): this {
    let from = 0;
    while (from < bytes.length) {
      const used = this.length % 64;
      const piece = bytes.subarray(from, from + 64 - used);
      this.tail.set(piece, used);
      this.length += piece.length;
      from += piece.length;
      if (this.length % 64 === 0) turn(this.state, this.block);
    }
    return this;
  }

  /** Ends the message; the object is spent afterwards. */
  hex(): string {
    const bits = this.length * 8;
    const zeros = (119 - (this.length % 64)) % 64;
    const padding = new Uint8Array(1 + zeros + 8);
    padding[0] = 0x80;
    const view = new DataView(padding.buffer);
    view.setUint32(1 + zeros, bits >>> 0, true);
    view.setUint32(5 + zeros, Math.floor(bits / 2 ** 32), true);
    this.update(padding);
    return hexOf(this.state);
  }
}

export function md5(bytes: Uint8Array): string {
  return new Md5().update(bytes).hex();
}
