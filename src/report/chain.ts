import type { ChainStamp, Report } from '../model/report.ts'
import type { AttemptStampRow, UnderGenerationRow } from './attempt-stamps.ts'
import { round, secondsBetween } from './figure.ts'
import type { DeliveryRow, TransitionRow } from './journal-rows.ts'
import { type RouteMove, readEvidence } from './moves.ts'

// The chain t1…t9 of the first move. Stamps of routers are shown on the router's own clock;
// durations put them on ours, by the offset that its answers showed.

export interface ChainFacts {
  readonly move: RouteMove | undefined
  readonly firstFailed: AttemptStampRow | undefined
  /** Event time by which the rule was true. */
  readonly ruleTrueMs: number | undefined
  readonly deliveries: readonly DeliveryRow[]
  readonly under: readonly UnderGenerationRow[]
  readonly transitions: readonly TransitionRow[]
  readonly t0Ms: number
  readonly mitigatedMs: number | null
}

/** A router's clock minus ours, and the error of that; both ms. */
export interface ClockOffset {
  readonly router: string
  readonly offsetMs: number
  readonly errorMs: number
}

interface Gap {
  readonly seconds: number | null
  /** Uncertainty from clocks, seconds either way. */
  readonly errorS: number
}

export interface Chain extends Pick<Report['chain'], 'stamps' | 'durations'> {
  readonly offsets: readonly ClockOffset[]
  readonly startGap: Gap
  readonly overGap: Gap
  readonly decidedMs: number | undefined
  readonly appliedMs: number | null
}

export function buildChain(facts: ChainFacts): Chain {
  const { move, firstFailed, deliveries, under, t0Ms, mitigatedMs, ruleTrueMs } = facts
  const offsets = offsetsOf(deliveries)
  const toOurs = (router: string, atMs: number) => {
    const own = offsets.find((one) => one.router === router)
    return own && Math.abs(own.offsetMs) > own.errorMs ? atMs - own.offsetMs : atMs
  }
  const sent = deliveries[0]
  const answered = lastOfFirst(deliveries.filter((one) => one.status >= 200 && one.status < 300))
  const observed = observedAt(facts)
  const started = earliest(under, 'fallbackStartMs', toOurs)
  const served = earliest(under, 'fallbackOkMs', toOurs)
  const failed = firstFailed && { atMs: firstFailed.endMs, router: firstFailed.router }
  const failedOursMs = failed && toOurs(failed.router, failed.atMs)
  const answeredMs = answered && answered.atMs + answered.durationMs
  const decidedMs = move?.engagedMs
  const gap = (stamp: Stamp | undefined): Gap => ({
    seconds: secondsBetween(decidedMs, stamp?.oursMs),
    errorS: (offsets.find((one) => one.router === stamp?.router)?.errorMs ?? 0) / 1000,
  })
  return {
    stamps: [
      toStamp('t1', 'first bad attempt on the primary ended', failed),
      toStamp('t2', 'its span was received', firstFailed && { atMs: firstFailed.receivedMs }),
      toStamp('t3', 'rule true', event(ruleTrueMs)),
      toStamp('t4', 'decision committed', move && { atMs: move.engagedMs }),
      toStamp('t5', 'webhook sent', sent && { atMs: sent.atMs, told: sent.router }),
      toStamp(
        't6',
        'last router answered',
        answered && { atMs: answeredMs ?? 0, told: answered.router },
      ),
      toStamp('t7', `observed by all routers${observed?.by ?? ''}`, observed),
      toStamp('t8s', 'first attempt started on the fallback', started),
      toStamp('t8', 'first ok answer by the fallback', served),
      toStamp('t9', 'success back at the limit for ten bins', event(mitigatedMs ?? undefined)),
    ],
    durations: {
      visible_s: round(secondsBetween(failedOursMs, firstFailed?.receivedMs)),
      detect_s: round(secondsBetween(failedOursMs, decidedMs)),
      deliver_s: round(secondsBetween(sent?.atMs, answeredMs)),
      apply_s: round(secondsBetween(answeredMs, observed?.atMs)),
      mitigate_s: round(secondsBetween(t0Ms, mitigatedMs)),
    },
    offsets,
    startGap: gap(started),
    overGap: gap(served),
    decidedMs,
    appliedMs: observed?.atMs ?? null,
  }
}

interface Stamp {
  readonly atMs: number
  /** The router whose clock it is. */
  readonly router?: string
  /** The router that it is about, on our clock. */
  readonly told?: string
  readonly clock?: string
  readonly oursMs?: number
}

const event = (atMs: number | undefined): Stamp | undefined =>
  atMs === undefined ? undefined : { atMs, clock: 'event' }

function toStamp(id: string, text: string, stamp: Stamp | undefined): ChainStamp {
  const router = stamp?.router ?? stamp?.told
  return {
    id,
    text,
    at: stamp === undefined ? null : new Date(Math.round(stamp.atMs)).toISOString(),
    clock: stamp?.clock ?? stamp?.router ?? 'signalbox',
    ...(router !== undefined && router !== '' && { router }),
  }
}

/** Median of the offsets of each router; the error is half its shortest round trip. */
function offsetsOf(deliveries: readonly DeliveryRow[]): ClockOffset[] {
  const routers = [...new Set(deliveries.map((one) => one.router))].sort()
  return routers.flatMap((router) => {
    const own = deliveries.filter((one) => one.router === router && one.clockOffsetMs !== null)
    const sorted = own.map((one) => one.clockOffsetMs ?? 0).sort((a, b) => a - b)
    const offsetMs = sorted[sorted.length >> 1]
    if (offsetMs === undefined) return []
    return [{ router, offsetMs, errorMs: Math.min(...own.map((one) => one.durationMs)) / 2 }]
  })
}

/** Of each router's first 2xx, the one that came last. */
function lastOfFirst(answers: readonly DeliveryRow[]): DeliveryRow | undefined {
  const first = new Map<string, DeliveryRow>()
  for (const one of answers) if (!first.has(one.router)) first.set(one.router, one)
  return [...first.values()].sort(
    (a, b) => b.atMs + b.durationMs - (a.atMs + a.durationMs) || (a.router < b.router ? -1 : 1),
  )[0]
}

/** The proof that `decide` committed; without one, the spans of every router that was told. */
function observedAt(facts: ChainFacts): (Stamp & { by: string }) | undefined {
  const { move, transitions, deliveries, under } = facts
  if (!move) return undefined
  const isOwn = (row: TransitionRow) =>
    row.epoch === move.epoch && row.generation === move.generation && row.atMs >= move.engagedMs
  const proof = transitions.find((row) => isOwn(row) && isObserved(row))
  if (proof) return { atMs: proof.atMs, by: '' }
  const told = [...new Set(deliveries.map((one) => one.router))].filter((router) => router !== '')
  const seen = told.map((router) => under.find((one) => one.router === router)?.firstReceivedMs)
  if (told.length === 0 || seen.includes(undefined)) return undefined
  return { atMs: Math.max(...seen.map((atMs) => atMs ?? 0)), by: ', by their spans' }
}

function isObserved(row: TransitionRow): boolean {
  const evidence = readEvidence(row)
  // One router's word is not everybody's.
  if (row.kind === 'proof') return evidence.witness === 'observed' && evidence.all === true
  return row.fromState === 'engaging' && row.toState === 'fallback' && evidence.confirmed === true
}

function earliest(
  under: readonly UnderGenerationRow[],
  key: 'fallbackStartMs' | 'fallbackOkMs',
  toOurs: (router: string, atMs: number) => number,
): Stamp | undefined {
  return under
    .filter((row) => row[key] > 0)
    .map((row) => ({ atMs: row[key], router: row.router, oursMs: toOurs(row.router, row[key]) }))
    .sort((a, b) => a.oursMs - b.oursMs)[0]
}
