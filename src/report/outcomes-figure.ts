import type { ReportFigure } from '../model/report.ts'
import type { ReportFacts } from './facts.ts'
import { round } from './figure.ts'
import { type Marker, type OutcomeColumn, renderOutcomesSvg } from './outcomes-svg.ts'
import { type RequestBin, sumBins } from './request-bins.ts'

const COLUMNS_MAX = 400

/** Outcomes per second, stacked, from before T0 to after T1, with the moves marked. */
export function drawOutcomes(facts: ReportFacts): ReportFigure {
  const { bins, binMs, interval } = facts
  const columns = toColumns(bins, binMs)
  const widthMs = columns.widthMs
  const svg = renderOutcomesSvg({
    columns: columns.items,
    widthMs,
    shadedFromMs: interval.t0Ms,
    shadedToMs: interval.t1Ms,
    markers: toMarkers(facts),
  })
  return {
    id: 'outcomes',
    title: `Outcomes of requests per second, by start time, in steps of ${widthMs / 1000} s (UTC)`,
    svg,
    columns: ['from', 'primary/s', 'fallback/s', 'other/s', 'failed/s', 'requests'],
    rows: columns.items.map((one) => [
      new Date(one.atMs).toISOString(),
      ...[one.primary, one.fallback, one.other, one.failed].map(round),
      one.samples,
    ]),
  }
}

/** Bins joined, an equal number into each, so that at most 400 columns are drawn. */
function toColumns(bins: readonly RequestBin[], binMs: number) {
  const factor = Math.max(1, Math.ceil(bins.length / COLUMNS_MAX))
  const seconds = (factor * binMs) / 1000
  const items: OutcomeColumn[] = []
  for (let start = 0; start + factor <= bins.length; start += factor) {
    const sum = sumBins(bins.slice(start, start + factor))
    items.push({
      atMs: bins[start]?.atMs ?? 0,
      primary: sum.primary / seconds,
      fallback: sum.fallback / seconds,
      other: sum.other / seconds,
      failed: sum.failed / seconds,
      samples: sum.samples,
    })
  }
  return { items, widthMs: factor * binMs }
}

function toMarkers({ interval, moves, chain }: ReportFacts): Marker[] {
  const markers: Marker[] = [{ atMs: interval.t0Ms, text: 'impairment begins (T0)' }]
  for (const move of moves) {
    markers.push({ atMs: move.engagedMs, text: 'failover decided' })
    if (move.backMs !== undefined)
      markers.push({ atMs: move.backMs, text: 'failed back to primary' })
  }
  const served = chain.stamps.find((stamp) => stamp.id === 't8')?.at
  if (served) markers.push({ atMs: Date.parse(served), text: 'first ok answer by the fallback' })
  if (interval.state === 'final') {
    markers.push({ atMs: interval.t1Ms, text: 'impairment ends (T1)' })
  }
  return markers.sort((a, b) => a.atMs - b.atMs)
}
