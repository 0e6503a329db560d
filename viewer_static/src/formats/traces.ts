/** Curves of a waveform in millimetres of paper: 25 mm/s, 10 mm/mV. Pure. */
import type { Channel } from './contents.ts';

export const SPEED = 25;
export const GAIN = 10;
/** Left of the curve: the calibration pulse, 5 mm wide. */
export const MARGIN = 8;
export const LONGEST_SECONDS = 60;
/** Room above and below the middle line that every lead has. */
const [UP, DOWN] = [12, 8];
/** Height of curves without a scale of their own. */
const TALL = 20;
const GAP = -32_768;

export interface Trace {
  /** Millimetres from the first sample and up from the middle line; broken where samples are missing. */
  readonly runs: readonly (readonly (readonly [number, number])[])[];
  readonly up: number;
  readonly down: number;
  /** Millimetres per unit. */
  readonly gain: number;
  readonly low: number;
  readonly high: number;
  readonly seconds: number;
}

export function samplesOf({ samples }: Channel): Int16Array {
  const bytes = Uint8Array.from(atob(samples), (letter) => letter.charCodeAt(0));
  const view = new DataView(bytes.buffer);
  return Int16Array.from({ length: bytes.length >> 1 }, (_, at) => view.getInt16(at * 2, true));
}

export function traceOf(channel: Channel, rate: number): Trace {
  const all = samplesOf(channel);
  const used = all.subarray(0, Math.ceil(LONGEST_SECONDS * rate));
  const [low, high] = ends(used, channel.step);
  const isVoltage = channel.unit === 'mV';
  const gain = isVoltage ? GAIN : TALL / (high - low || 1);
  // Pressures have no zero in the middle: such a curve lies between its ends.
  const middle = isVoltage ? 0 : (low + high) / 2;
  const runs: [number, number][][] = [[]];
  used.forEach((sample, at) => {
    if (sample === GAP) runs.push([]);
    else runs.at(-1)?.push([(at / rate) * SPEED, (sample * channel.step - middle) * gain]);
  });
  return {
    runs: runs.filter((run) => run.length > 0),
    up: Math.max(UP, Math.ceil((high - middle) * gain) + 2),
    down: Math.max(DOWN, Math.ceil((middle - low) * gain) + 2),
    gain,
    low,
    high,
    seconds: used.length / rate,
  };
}

function ends(samples: Int16Array, step: number): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const sample of samples) {
    if (sample === GAP) continue;
    low = Math.min(low, sample * step);
    high = Math.max(high, sample * step);
  }
  return low > high ? [0, 0] : [low, high];
}
