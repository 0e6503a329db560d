/** Waveforms on millimetre paper, a strip for each lead. */
import { el } from '../dom.ts';
import { plural } from '../text.ts';
import type { Channel, Recording, Waves } from './contents.ts';
import { GAIN, LONGEST_SECONDS, MARGIN, SPEED, type Trace, traceOf } from './traces.ts';

/** CSS pixels of a millimetre; how large that is, the screen decides. */
const MM = 96 / 25.4;
const PULSE = 5;
const [PAPER, FINE, COARSE, INK] = ['#fffaf8', '#f6d9d3', '#e8aaa0', '#101418'];

export function wavesNode({ recordings }: Waves): HTMLElement {
  return el('div', { class: 'waves' }, ...recordings.map(recorded));
}

function recorded(recording: Recording, index: number): HTMLElement {
  const { label, rate, channels } = recording;
  const traces = channels.map((channel) => traceOf(channel, rate));
  const isVoltage = channels.some(({ unit }) => unit === 'mV');
  const length = channels[0] === undefined ? 0 : (channels[0].samples.length * 0.375) / rate;
  const words = [
    plural(channels.length, 'channel'),
    `${SPEED} mm/s`,
    isVoltage ? `${GAIN} mm/mV` : '',
    `${rate} samples/s`,
    length > LONGEST_SECONDS + 1 ? `the first ${LONGEST_SECONDS} s of ${Math.round(length)} s` : '',
  ];
  return el(
    'section',
    { class: 'waves-recording' },
    el('h3', {}, label || `Recording ${index + 1}`),
    el(
      'p',
      { class: 'papers-note' },
      `${words.filter(Boolean).join(' · ')}. Not to be measured with a ruler: the small squares are 1 mm (40 ms${isVoltage ? ', 0.1 mV' : ''}).`,
    ),
    el(
      'div',
      { class: 'waves-paper' },
      ...channels.map((channel, at) => strip(channel, traces[at] as Trace)),
    ),
  );
}

function strip({ name, unit }: Channel, trace: Trace): HTMLElement {
  const { low, high } = trace;
  const range =
    unit === 'mV' ? '' : `${number(low)} to ${number(high)} ${unit || 'without a unit'}`;
  const canvas = el('canvas', { role: 'img', 'aria-label': `Curve of ${name}` });
  draw(canvas, trace, unit === 'mV');
  return el(
    'div',
    { class: 'waves-strip' },
    el('span', {}, name, ' ', el('small', {}, range)),
    canvas,
  );
}

const number = (value: number): string => String(Number(value.toPrecision(4)));

function draw(canvas: HTMLCanvasElement, trace: Trace, hasPulse: boolean): void {
  const { up, down, seconds } = trace;
  const [wide, tall] = [Math.ceil(MARGIN + seconds * SPEED + 2), up + down];
  const ratio = Math.min(2, window.devicePixelRatio);
  canvas.width = Math.round(wide * MM * ratio);
  canvas.height = Math.round(tall * MM * ratio);
  canvas.style.width = `${wide * MM}px`;
  const ink = canvas.getContext('2d');
  if (ink === null) return;
  ink.fillStyle = PAPER;
  ink.fillRect(0, 0, canvas.width, canvas.height);
  ink.scale(MM * ratio, MM * ratio);
  for (const [each, colour] of [
    [1, FINE],
    [5, COARSE],
  ] as const)
    ruled(ink, wide, tall, up, each, colour);
  ink.strokeStyle = INK;
  ink.lineWidth = 0.3;
  ink.lineJoin = 'round';
  ink.translate(MARGIN, up);
  if (hasPulse) pulse(ink);
  for (const run of trace.runs) {
    ink.beginPath();
    for (const [x, y] of run) ink.lineTo(x, -y);
    ink.stroke();
  }
}

/** Counted from the middle line and the first sample. */
function ruled(
  ink: CanvasRenderingContext2D,
  wide: number,
  tall: number,
  up: number,
  each: number,
  colour: string,
): void {
  ink.strokeStyle = colour;
  ink.lineWidth = 0.15;
  ink.beginPath();
  for (let x = MARGIN % each; x <= wide; x += each) {
    ink.moveTo(x, 0);
    ink.lineTo(x, tall);
  }
  for (let y = up % each; y <= tall; y += each) {
    ink.moveTo(0, y);
    ink.lineTo(wide, y);
  }
  ink.stroke();
}

/** One millivolt, a fifth of a second. */
function pulse(ink: CanvasRenderingContext2D): void {
  ink.beginPath();
  ink.moveTo(-PULSE - 2, 0);
  ink.lineTo(-PULSE - 1, 0);
  ink.lineTo(-PULSE - 1, -GAIN);
  ink.lineTo(-1, -GAIN);
  ink.lineTo(-1, 0);
  ink.lineTo(0, 0);
  ink.stroke();
}
