import { formatDurationMs } from '../lib/duration.ts'
import type { FalseTrips } from '../model/false-trips.ts'

/** A table for people: what chance alone does to each rule, and on what assumptions. */
export function renderFalseTrips(rows: readonly FalseTrips[], where: string): string {
  const width = Math.max(4, ...rows.map(({ rule }) => rule.length))
  const lines = rows.map((row) => `  ${row.rule.padEnd(width)}  ${wordsOf(row)}\n`)
  return (
    `expected false trips a day, by chance alone (independent arrivals, a healthy group; ${where}):\n` +
    `  ${'rule'.padEnd(width)}  ${'a day'.padStart(8)}  at\n${lines.join('')}`
  )
}

function wordsOf({ perDay, reason, noiseRatio, volume, windowMs, groups }: FalseTrips): string {
  if (perDay === null) return `${'-'.padStart(8)}  ${reason}`
  const noise =
    noiseRatio === null ? '' : `, of which ${Number((noiseRatio * 100).toPrecision(3))} % fail`
  const upTo = groups > 1 ? `${groups} groups of up to ` : ''
  const items = Number((volume ?? 0).toPrecision(3))
  return `${formatRate(perDay).padStart(8)}  ${upTo}${items} in ${formatDurationMs(windowMs)}${noise}`
}

/** Two digits; what is under one in 27 years is only said to be so. */
function formatRate(perDay: number): string {
  if (perDay === 0) return '0'
  if (perDay < 0.0001) return '< 0.0001'
  if (perDay >= 10) return perDay.toFixed(0)
  return String(Number(perDay.toPrecision(2)))
}
