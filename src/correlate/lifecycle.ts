import type { IncidentChange } from '../model/incident.ts'
import { type IncidentRecord, toIso } from './record.ts'
import { appendRows } from './timeline.ts'

// What time alone does to an incident. Pure: the sweep hands in what it sees now.

export interface Now {
  readonly nowMs: number
  readonly quietForMs: number
  /** No word of the route for so long after opening: no automatic move will come. */
  readonly silentMs: number
  readonly theta: number
  /** t9 after the last move, once it is reached. */
  readonly heldAtMs: number | undefined
  /** Failing share of what arrived in the last bins. */
  readonly recent: { readonly share: number | null; readonly count: number }
}

export interface Advance {
  readonly record: IncidentRecord
  /** Undefined: a detail that nobody has to be told. */
  readonly phase?: IncidentChange['phase']
}

const RELAPSE_COUNT_MIN = 20

/** The next step that is due, or undefined. */
export function advance(record: IncidentRecord, now: Now): Advance | undefined {
  return (
    resolve(record, now) ?? mitigate(record, now) ?? relapse(record, now) ?? giveUp(record, now)
  )
}

/** Quiet: the route is on its primary and the last word of every rule was ok, none `unknown`. */
function isQuiet(record: IncidentRecord): boolean {
  const isHome = record.routeState === undefined || record.routeState === 'primary'
  return (
    isHome &&
    Object.values(record.rules).every(
      (rule) => rule.severity === 'info' || (rule.isCalm && rule.state !== 'unknown'),
    )
  )
}

export function closeRecord(record: IncidentRecord, nowMs: number, text: string): IncidentRecord {
  return {
    ...withRow(record, nowMs, { kind: 'resolved', text }),
    state: 'resolved',
    resolvedUnixMs: nowMs,
  }
}

function resolve(record: IncidentRecord, now: Now): Advance | undefined {
  const { quietSinceUnixMs: since } = record
  if (!isQuiet(record)) {
    return since === undefined ? undefined : { record: { ...record, quietSinceUnixMs: undefined } }
  }
  if (since === undefined) return { record: { ...record, quietSinceUnixMs: now.nowMs } }
  if (now.nowMs - since < now.quietForMs) return undefined
  const text = `Resolved: quiet for ${now.quietForMs / 1_000} s`
  return { record: closeRecord(record, now.nowMs, text), phase: 'resolved' }
}

function mitigate(record: IncidentRecord, now: Now): Advance | undefined {
  const { heldAtMs, recent, theta } = now
  if (record.state !== 'open' || record.movedUnixMs === undefined) return undefined
  const isFailingNow = recent.share !== null && 1 - recent.share < theta
  if (heldAtMs === undefined || isFailingNow) return undefined
  const text = `Mitigated: at least ${toPercent(theta)} of requests succeed in 10 bins since the move`
  const next = withRow(record, heldAtMs, { kind: 'mitigated', text, evidence: { theta } })
  return { record: { ...next, state: 'mitigated', mitigatedUnixMs: heldAtMs }, phase: 'updated' }
}

/** A fallback that fails later is an open incident again; t9 is then looked for anew. */
function relapse(record: IncidentRecord, now: Now): Advance | undefined {
  const { share, count } = now.recent
  if (record.state !== 'mitigated' || share === null || count < RELAPSE_COUNT_MIN) return undefined
  if (1 - share >= now.theta) return undefined
  const text = `No longer mitigated: ${toPercent(share)} of requests fail`
  const next = withRow(record, now.nowMs, { kind: 'state', text, evidence: { share, count } })
  return {
    record: { ...next, state: 'open', mitigatedUnixMs: undefined, movedUnixMs: now.nowMs },
    phase: 'updated',
  }
}

function giveUp(record: IncidentRecord, now: Now): Advance | undefined {
  const hasWord = record.routeState !== undefined && record.routeState !== 'primary'
  if (record.mitigation !== 'pending' || hasWord || record.movedUnixMs !== undefined) return
  if (now.nowMs - record.openedUnixMs < now.silentMs) return undefined
  const text = 'NOT mitigated: no policy moves traffic for this.'
  const next = withRow(record, now.nowMs, { kind: 'state', text })
  return { record: { ...next, mitigation: 'none', mitigationText: text }, phase: 'updated' }
}

interface Row {
  readonly kind: string
  readonly text: string
  readonly evidence?: Readonly<Record<string, unknown>>
}

export function withRow(record: IncidentRecord, atMs: number, row: Row): IncidentRecord {
  const entry = { at: toIso(atMs), clock: 'signalbox', ...row }
  return { ...record, timeline: appendRows(record.timeline, [entry]) }
}

function toPercent(share: number): string {
  return `${Number((share * 100).toFixed(1))} %`
}
