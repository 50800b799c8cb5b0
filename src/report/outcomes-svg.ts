import { scaleLinear, scaleUtc } from 'd3-scale'
import { area, curveStepAfter } from 'd3-shape'

// Own SVG text over d3's arithmetic: small, no DOM, and the same input gives the same bytes. Colours
// are told apart by the colour-blind (Okabe and Ito's blue and orange, and a dark red), failures are
// hatched besides, and all of them change with the reader's dark mode.

export interface OutcomeColumn {
  /** Start, unix ms. */
  readonly atMs: number
  /** Requests per second. */
  readonly primary: number
  readonly fallback: number
  readonly other: number
  readonly failed: number
  /** Eligible requests; 0 is drawn as a gap, never as a line along the ground. */
  readonly samples: number
}

export interface Marker {
  readonly atMs: number
  readonly text: string
}

export interface OutcomesDrawing {
  readonly columns: readonly OutcomeColumn[]
  readonly widthMs: number
  readonly shadedFromMs: number
  readonly shadedToMs: number
  /** By time; numbered in this order. */
  readonly markers: readonly Marker[]
}

const WIDTH = 960
const LEFT = 56
const RIGHT = 24
const TOP = 78
const PLOT_HEIGHT = 260
const BOTTOM = TOP + PLOT_HEIGHT
const LAYERS = ['primary', 'fallback', 'other', 'failed'] as const
const NAMES = {
  primary: 'ok by the primary',
  fallback: 'ok by a fallback',
  other: 'ok elsewhere',
  failed: 'failed',
} as const

const STYLE = `
.sb-figure{--ink:#1c2430;--dim:#5b6675;--rule:#d5dbe3;--shade:#7f8ea3;--paper:#fff;--primary:#0072b2;--fallback:#e69f00;--other:#009e73;--failed:#a01c1c;--stripe:#f7c9c4;font:13px system-ui,sans-serif}
@media (prefers-color-scheme:dark){.sb-figure{--ink:#e6eaf0;--dim:#9aa6b5;--rule:#38424f;--shade:#8fa0b8;--paper:#12171e;--primary:#4c9fd8;--fallback:#f0b440;--other:#3fc79a;--failed:#e2564a;--stripe:#5c1410}}
@media print{.sb-figure{--ink:#000;--dim:#444;--rule:#ccc;--shade:#7f8ea3;--paper:#fff;--primary:#0072b2;--fallback:#e69f00;--other:#009e73;--failed:#a01c1c;--stripe:#f7c9c4}}
.sb-figure text{fill:var(--ink)}.sb-figure .dim{fill:var(--dim)}.sb-figure .rule{stroke:var(--rule)}
.sb-figure .primary{fill:var(--primary)}.sb-figure .fallback{fill:var(--fallback)}.sb-figure .other{fill:var(--other)}.sb-figure .failed{fill:url(#sb-failed)}
.sb-figure .shade{fill:var(--shade);opacity:.16}.sb-figure .bar{fill:var(--failed)}.sb-figure .gap{fill:url(#sb-gap)}
.sb-figure .mark{stroke:var(--ink);stroke-dasharray:4 3}.sb-figure .dot{fill:var(--ink)}.sb-figure .number{fill:var(--paper);font-weight:600;text-anchor:middle}`

const DEFS = `<defs><pattern id="sb-failed" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="6" height="6" style="fill:var(--failed)"/><rect width="1.5" height="6" style="fill:var(--stripe)"/></pattern><pattern id="sb-gap" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(-45)"><rect width="1" height="6" style="fill:var(--dim)"/></pattern></defs>`

interface Scales {
  readonly x: (atMs: number) => number
  readonly y: (perSecond: number) => number
  readonly timeTicks: readonly Date[]
  readonly rateTicks: readonly number[]
}

/** A drawing 960 wide that scales to any width and stands alone as a file. */
export function renderOutcomesSvg(drawing: OutcomesDrawing): string {
  const { columns, markers } = drawing
  const height = BOTTOM + 34 + Math.ceil(markers.length / 2) * 22 + 8
  const text =
    'Requests per second by outcome, stacked, with the outage shaded and its moves numbered'
  const scales = toScales(drawing)
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" class="sb-figure" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${text}">`,
    `<title>${text}</title><style>${STYLE}</style>${DEFS}`,
    ...renderLegend(columns),
    ...renderAxes(scales),
    renderShade(drawing, scales),
    ...renderGaps(drawing, scales),
    ...renderLayers(drawing, scales),
    ...renderMarkers(markers, scales),
    '</svg>',
  ].join('\n')
}

function toScales({ columns, widthMs }: OutcomesDrawing): Scales {
  const fromMs = columns[0]?.atMs ?? 0
  const toMs = (columns.at(-1)?.atMs ?? fromMs) + widthMs
  const highest = columns.reduce((most, one) => Math.max(most, totalOf(one)), 1)
  const x = scaleUtc([new Date(fromMs), new Date(toMs)], [LEFT, WIDTH - RIGHT])
  const y = scaleLinear([0, highest], [BOTTOM, TOP]).nice(5)
  return { x: (atMs) => x(new Date(atMs)), y, timeTicks: x.ticks(8), rateTicks: y.ticks(5) }
}

function totalOf(column: OutcomeColumn): number {
  return LAYERS.reduce((sum, layer) => sum + column[layer], 0)
}

function renderLegend(columns: readonly OutcomeColumn[]): string[] {
  const shown = LAYERS.filter(
    (one) => one !== 'other' || columns.some((column) => column.other > 0),
  )
  return shown.map((layer, index) => {
    const left = LEFT + index * 150
    return `<rect class="${layer}" x="${left}" y="8" width="14" height="14" rx="2"/><text x="${left + 20}" y="20">${NAMES[layer]}</text>`
  })
}

function renderAxes({ x, y, timeTicks, rateTicks }: Scales): string[] {
  const withSeconds = timeTicks.some((tick) => tick.getUTCSeconds() !== 0)
  return [
    ...rateTicks.map(
      (tick) =>
        `<line class="rule" x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${fixed(y(tick))}" y2="${fixed(y(tick))}"/><text class="dim" x="${LEFT - 8}" y="${fixed(y(tick) + 4)}" text-anchor="end">${tick}</text>`,
    ),
    ...timeTicks.map(
      (tick) =>
        `<text class="dim" x="${fixed(x(tick.getTime()))}" y="${BOTTOM + 18}" text-anchor="middle">${clockOf(tick.getTime()).slice(0, withSeconds ? 8 : 5)}</text>`,
    ),
    `<text class="dim" x="${LEFT - 8}" y="${TOP - 12}" text-anchor="end">req/s</text>`,
  ]
}

function renderShade({ shadedFromMs, shadedToMs }: OutcomesDrawing, { x }: Scales): string {
  const left = fixed(x(shadedFromMs))
  const width = fixed(Math.max(0, x(shadedToMs) - x(shadedFromMs)))
  // The bar on top stays visible where the layers cover the shade.
  return `<rect class="shade" x="${left}" y="${TOP}" width="${width}" height="${PLOT_HEIGHT}"/><rect class="bar" x="${left}" y="${TOP - 5}" width="${width}" height="4"/>`
}

function renderGaps({ columns, widthMs }: OutcomesDrawing, { x }: Scales): string[] {
  return columns
    .filter((one) => one.samples === 0)
    .map(
      ({ atMs }) =>
        `<rect class="gap" x="${fixed(x(atMs))}" y="${TOP}" width="${fixed(x(atMs + widthMs) - x(atMs))}" height="${PLOT_HEIGHT}"/>`,
    )
}

function renderLayers({ columns, widthMs }: OutcomesDrawing, { x, y }: Scales): string[] {
  const last = columns.at(-1)
  // A step needs its own end: the last column is drawn once more at its right edge.
  const points = last ? [...columns, { ...last, atMs: last.atMs + widthMs }] : []
  return LAYERS.flatMap((layer, index) => {
    const below = (one: OutcomeColumn) =>
      LAYERS.slice(0, index).reduce((sum, lower) => sum + one[lower], 0)
    if (!columns.some((one) => one[layer] > 0)) return []
    const path = area<OutcomeColumn>()
      .curve(curveStepAfter)
      .defined((one) => one.samples > 0)
      .digits(1)
      .x((one) => x(one.atMs))
      .y0((one) => y(below(one)))
      .y1((one) => y(below(one) + one[layer]))(points)
    return [`<path class="${layer}" d="${path ?? ''}"/>`]
  })
}

/** Numbers on top, lifted where they would touch; what they mean stands below, two in a row. */
function renderMarkers(markers: readonly Marker[], { x }: Scales): string[] {
  const rowEnds = [Number.NEGATIVE_INFINITY, Number.NEGATIVE_INFINITY]
  return markers.map(({ atMs, text }, index) => {
    const at = x(atMs)
    const free = rowEnds.findIndex((end) => at - end >= 20)
    const row = free < 0 ? index % rowEnds.length : free
    rowEnds[row] = at
    const top = TOP - 14 - row * 20
    const left = LEFT + (index % 2) * 440
    const below = BOTTOM + 44 + Math.floor(index / 2) * 22
    return [
      `<line class="mark" x1="${fixed(at)}" x2="${fixed(at)}" y1="${top}" y2="${BOTTOM}"/>`,
      `<circle class="dot" cx="${fixed(at)}" cy="${top}" r="9"/><text class="number" x="${fixed(at)}" y="${top + 4.5}">${index + 1}</text>`,
      `<circle class="dot" cx="${left + 9}" cy="${below - 4.5}" r="9"/><text class="number" x="${left + 9}" y="${below}">${index + 1}</text>`,
      `<text x="${left + 26}" y="${below}">${clockOf(atMs)} ${text}</text>`,
    ].join('')
  })
}

/** `14:26:37` */
function clockOf(ms: number): string {
  return new Date(Math.round(ms)).toISOString().slice(11, 19)
}

function fixed(value: number): string {
  return String(Math.round(value * 10) / 10)
}
