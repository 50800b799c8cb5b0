import type { Figure, Report } from '../model/report.ts'

// What templates see: the report, with every number beside its printed form. Nothing is computed
// here that is not in the report.

export interface FigureView extends Figure {
  readonly id: string
  readonly name: string
  readonly text: string
  /** `0.94 to 0.98`, '' without bounds or when they are the value itself. */
  readonly bounds: string
  readonly meaning: string
}

export interface ReportView {
  readonly report: Report
  readonly lead: readonly FigureView[]
  readonly headline: readonly FigureView[]
  readonly impact: readonly FigureView[]
  readonly fallback: readonly FigureView[]
  readonly partition: readonly { readonly name: string; readonly text: string }[]
  readonly durations: readonly { readonly name: string; readonly text: string }[]
  readonly facts: readonly { readonly name: string; readonly text: string }[]
  readonly notes: readonly string[]
  readonly definitions: readonly { readonly id: string; readonly text: string }[]
  readonly queries: readonly { readonly id: string; readonly text: string }[]
  readonly summary: string
}

/** The five numbers that a hurried reader gets. */
const LEAD = ['duration', 'fallback_coverage', 'requests_failed', 'disruption_p95', 'budget_burnt']

export function toView(report: Report): ReportView {
  const headline = figuresOf(report, report.headline)
  return {
    report,
    headline,
    lead: headline.filter((one) => LEAD.includes(one.id)).sort((a, b) => rank(a) - rank(b)),
    impact: figuresOf(report, report.impact),
    fallback: figuresOf(report, report.fallback),
    partition: entriesOf(report.impact.partition_s, (seconds) => formatSeconds(Number(seconds))),
    durations: entriesOf(report.chain.durations, (seconds) =>
      seconds === null ? '–' : formatSeconds(Number(seconds)),
    ),
    facts: factsOf(report.data_quality),
    notes: (report.data_quality.notes as readonly string[] | undefined) ?? [],
    definitions: Object.entries(report.definitions).map(([id, text]) => ({ id, text })),
    queries: Object.entries(report.queries).map(([id, text]) => ({ id, text })),
    summary: summarise(report),
  }
}

/** `97.6 %`, `26 min 0 s`, `2,300,000`; `–` for unknown. */
export function formatValue(figure: Pick<Figure, 'value' | 'unit' | 'definition'>): string {
  const { value, unit } = figure
  if (value === null) return '–'
  if (unit === 's') return formatSeconds(value)
  if (unit === 'count') return formatCount(value)
  // Attempts per request is no share of anything.
  if (figure.definition === 'retry_amplification') return formatCount(value)
  return formatShare(value)
}

const rank = (one: FigureView) => LEAD.indexOf(one.id)

function figuresOf(report: Report, from: Readonly<Record<string, unknown>>): FigureView[] {
  return Object.entries(from).flatMap(([id, figure]) => {
    if (!isFigure(figure)) return []
    const { low, high, value } = figure
    const isBounded = low !== undefined && high !== undefined && (low !== value || high !== value)
    return [
      {
        ...figure,
        id,
        name: nameOf(id),
        text: formatValue(figure),
        bounds: isBounded
          ? `${formatValue({ ...figure, value: low })} to ${formatValue({ ...figure, value: high })}`
          : '',
        meaning: report.definitions[figure.definition] ?? '',
      },
    ]
  })
}

function isFigure(value: unknown): value is Figure {
  return typeof value === 'object' && value !== null && 'definition' in value && 'unit' in value
}

/** Neutral sentences out of the figures; no cause is named. */
function summarise(report: Report): string {
  const { duration, requests_failed, requests_total, fallback_coverage } = report.headline
  if (!duration || duration.value === null) return duration?.reason ?? ''
  const sentences = [
    `The primary of route ${String(report.incident.route)} was impaired for ${formatValue(duration)}${report.state === 'provisional' ? ' so far' : ''}.`,
  ]
  if (requests_failed && requests_total) {
    sentences.push(
      `${formatValue(requests_failed)} of ${formatValue(requests_total)} requests that started then failed for good.`,
    )
  }
  if (fallback_coverage && fallback_coverage.value !== null) {
    sentences.push(
      `Of those that the primary would have failed, a fallback served ${formatValue(fallback_coverage)}.`,
    )
  }
  return sentences.join(' ')
}

function entriesOf(from: unknown, format: (value: unknown) => string) {
  if (typeof from !== 'object' || from === null) return []
  return Object.entries(from).map(([id, value]) => ({ name: nameOf(id), text: format(value) }))
}

function factsOf(quality: Report['data_quality']) {
  return Object.entries(quality).flatMap(([id, value]) => {
    const text = formatFact(id, value)
    return text === '' ? [] : [{ name: nameOf(id), text }]
  })
}

function formatFact(id: string, value: unknown): string {
  if (value === null) return 'unknown'
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  if (typeof value === 'string') return value
  if (typeof value === 'number') {
    if (id.endsWith('_s')) return formatSeconds(value)
    return /(?:ratio|share|above|theta)/.test(id) ? formatShare(value) : formatCount(value)
  }
  if (!Array.isArray(value) || value.some((one) => typeof one === 'string')) return ''
  return value
    .map((one: Record<string, unknown>) => `${one.router} ${one.offset_ms} ± ${one.error_ms} ms`)
    .join(', ')
}

const NAMES: Readonly<Record<string, string>> = {
  disruption_p50: 'Disruption of affected sessions, p50',
  disruption_p95: 'Disruption of affected sessions, p95',
  switch_start_gap: 'Switch-start gap',
  switch_over_gap: 'Switch-over gap',
  fallback_generations: 'Requests served by fallback',
  fallback_images: 'Images made by fallback',
  fallback_coverage_attempts: 'Fallback coverage, by attempts',
  uptime_share_fallback: 'Share of uptime by fallback',
  availability_time: 'Availability by time',
  cost_per_success: 'GPU seconds per success',
  budget_burnt: 'Error budget burnt',
  budget_burnt_without_fallback: 'Error budget burnt without fallback',
  retry_amplification: 'Attempts per request',
  ttd: 'Time to detect',
  tta: 'Time to acknowledge',
  ttf: 'Time to fail over',
  ttm: 'Time to mitigate',
  ttr: 'Time to resolve',
}

/** `switch_start_gap` → `Switch start gap`. */
function nameOf(id: string): string {
  const known = NAMES[id]
  if (known !== undefined) return known
  const words = id.replace(/_s$/, '').replaceAll('_', ' ')
  return words.charAt(0).toUpperCase() + words.slice(1)
}

function formatSeconds(seconds: number): string {
  if (Math.abs(seconds) < 60) return `${trim(seconds, Math.abs(seconds) < 10 ? 2 : 1)} s`
  const tenths = Math.round(seconds * 10)
  const hours = Math.floor(tenths / 36_000)
  const minutes = Math.floor((tenths % 36_000) / 600)
  return `${hours > 0 ? `${hours} h ` : ''}${minutes} min ${(tenths % 600) / 10} s`
}

/** Four figures near the ends, where 99.9 % and 99.95 % are worlds apart. */
function formatShare(share: number): string {
  const percent = share * 100
  return `${trim(percent, percent > 99 && percent < 100 ? 3 : 2)} %`
}

/** `2,300,000` */
export function formatCount(count: number): string {
  const [whole = '', fraction] = trim(count, 3).split('.')
  const grouped = whole.replaceAll(/\B(?=(\d{3})+$)/g, ',')
  return fraction === undefined ? grouped : `${grouped}.${fraction}`
}

function trim(value: number, digits: number): string {
  return String(Number(value.toFixed(digits)))
}
