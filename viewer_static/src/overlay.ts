/** The words around the picture. They always belong to the picture on screen, or are not there. */
import type { SeriesDetail } from './api.ts';
import { el, say, set } from './dom.ts';
import { type SliceFacts, sidesOf, type View, zoomOf } from './facts.ts';
import { ScaleBar } from './scale-bar.ts';
import type { SeriesModel, Slice } from './series.ts';
import { date, personName, time } from './text.ts';

const CORNERS = ['top-left', 'top-right', 'bottom-left', 'bottom-right'] as const;
const EDGES = ['left', 'right', 'top', 'bottom'] as const;

const joined = (...lines: readonly (string | null)[]): string =>
  lines.filter((line) => line !== null && line !== '').join('\n');

const NARROW = 10;

const optional = (label: string, value: string): string =>
  value === '' ? '' : `${label} ${value}`;

export class Overlay {
  readonly node: HTMLElement;
  private readonly corners = new Map(
    CORNERS.map((name) => [name, el('div', { class: `corner ${name}` })]),
  );
  private readonly edges = new Map(
    EDGES.map((name) => [name, el('div', { class: `edge ${name}` })]),
  );

  private readonly scale = new ScaleBar();
  private readonly star = el('div', { class: 'key-star' });
  /** Where the slices of other viewports cut this one. */
  readonly lines = document.createElementNS('http://www.w3.org/2000/svg', 'svg');

  constructor() {
    this.lines.setAttribute('class', 'cross-lines');
    this.node = el(
      'div',
      { class: 'overlay' },
      this.lines,
      ...this.corners.values(),
      ...this.edges.values(),
      this.scale.node,
      this.star,
    );
    this.key('');
    this.hide();
  }

  hide(): void {
    this.node.hidden = true;
  }

  show(model: SeriesModel, slice: Slice, facts: SliceFacts, view: View): void {
    this.corner('top-left', patientLines(model.detail));
    this.series(model.detail);
    this.corner('bottom-left', sliceLines(model, slice, facts));
    this.view(view, facts);
    this.node.hidden = false;
  }

  /** Of a picture that is no slice: what lies bottom left and right is told by whoever draws it. */
  words(detail: SeriesDetail, left: string, right: string): void {
    this.corner('top-left', patientLines(detail));
    this.series(detail);
    this.corner('bottom-left', left);
    this.corner('bottom-right', right);
    for (const edge of this.edges.values()) say(edge, '');
    this.scale.node.hidden = true;
    this.node.hidden = false;
  }

  /** Why it is a key image; empty when it is none. */
  key(why: string): void {
    this.star.hidden = why === '';
    say(this.star, `★ ${why}`);
  }

  view(view: View, facts: SliceFacts): void {
    this.corner('bottom-right', viewLines(view, facts));
    const sides = sidesOf(facts, view);
    for (const edge of EDGES) say(this.edges.get(edge) as Element, sides[edge]);
    this.scale.show(view, facts.spacing);
  }

  private series(detail: SeriesDetail): void {
    this.corner('top-right', seriesLines(detail));
    set(this.node, 'data-beside', detail.study.beside ?? null);
  }

  private corner(name: (typeof CORNERS)[number], lines: string): void {
    say(this.corners.get(name) as Element, lines);
  }
}

function patientLines({ study }: SeriesDetail): string {
  const { main, beside } = personName(study.patient_name);
  const born = optional('b.', date(study.patient_birth_date));
  return joined(
    main,
    beside,
    study.patient_id,
    [born, study.patient_sex].filter(Boolean).join('  '),
  );
}

function seriesLines(series: SeriesDetail): string {
  const { study } = series;
  const number = series.number === null ? '' : `Series ${series.number}`;
  return joined(
    study.description,
    [
      `${date(study.study_date)} ${time(study.study_time)}`.trim(),
      study.beside && `${study.beside} study`,
    ]
      .filter(Boolean)
      .join(' · '),
    [number, series.modality].filter(Boolean).join(' · '),
    series.description,
  );
}

function sliceLines(model: SeriesModel, slice: Slice, facts: SliceFacts): string {
  const id = slice.instance.id;
  return joined(
    facts.projection,
    position(model, slice),
    facts.depthMm === null ? '' : `Position ${facts.depthMm.toFixed(1)} mm`,
    facts.thicknessMm === null ? '' : `Thickness ${Number(facts.thicknessMm.toFixed(2))} mm`,
    conversion(model.converted(id)),
    ...facts.notes,
    model.integrity(id) === 'length' ? 'length only: the archive keeps no digest' : '',
  );
}

/** Pixels that stay the same in another coding are not called converted. */
function conversion(reason: string | null): string {
  if (reason === null) return '';
  return reason.startsWith('lossless') ? `sent as ${reason}` : `converted: ${reason}`;
}

function position(model: SeriesModel, slice: Slice): string {
  const total = model.slices.length;
  if (model.instances.length === 1 && slice.instance.frames > 1)
    return `Frame ${slice.frame}/${total}`;
  const frame = slice.instance.frames > 1 ? ` · frame ${slice.frame}/${slice.instance.frames}` : '';
  return `Slice ${slice.index + 1}/${total}${frame}`;
}

function tableLine({ table = null }: View, { hasTable }: SliceFacts): string {
  if (table !== null) return `VOI LUT ${table}`.trim();
  return hasTable === true ? 'without its VOI LUT' : '';
}

/** Doses and fractions have windows narrower than one. */
const grey = (value: number, { width }: View): number =>
  width >= NARROW ? Math.round(value) : Number(value.toPrecision(4));

/** A window means nothing to a picture in colour. */
function viewLines(view: View, facts: SliceFacts): string {
  const window = `W ${grey(view.width, view)}  L ${grey(view.centre, view)}`;
  return joined(
    `${facts.columns} × ${facts.rows}`,
    `Zoom ${Math.round(zoomOf(view) * 100)} %`,
    [facts.isColour ? '' : window, view.inverted ? 'inverted' : ''].filter(Boolean).join('  '),
    tableLine(view, facts),
  );
}
