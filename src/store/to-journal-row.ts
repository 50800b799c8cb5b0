import { toSequenceText } from '../lib/sequence.ts'
import type { Transition } from '../model/route.ts'
import type { ReceivedStatus, TargetCounters } from '../model/router-status.ts'
import type { Verdict } from '../model/verdict.ts'

// What stages tell each other, as rows of the journal's tables.

type Row = Readonly<Record<string, unknown>>

/** @param seenAt of a new generation: when detection started its windows anew */
export function toTransitionRow({ view, data, ...step }: Transition, seenAt?: bigint): Row {
  return {
    ...(seenAt !== undefined && { SeenAt: toSequenceText(seenAt) }),
    At: step.atUnixMs,
    Route: step.route,
    Kind: step.kind,
    FromState: step.from,
    ToState: step.to,
    Epoch: view.epoch,
    Generation: view.generation,
    Version: data?.version ?? 0,
    Text: step.text,
    Incident: view.incident ?? '',
    Evidence: JSON.stringify(step.evidence),
    Data: data ? JSON.stringify(data) : '',
  }
}

export function toEvaluationRow(verdict: Verdict, seenAt: bigint): Row {
  return {
    SeenAt: toSequenceText(seenAt),
    Effect: verdict.effect,
    At: verdict.atUnixMs,
    Rule: verdict.rule,
    By: verdict.by,
    State: verdict.state,
    Value: typeof verdict.value === 'number' ? verdict.value : null,
    Threshold: verdict.threshold,
    Count: verdict.count,
    Watermark: Number.isFinite(verdict.watermarkUnixMs)
      ? verdict.watermarkUnixMs
      : verdict.atUnixMs,
    Reason: verdict.refused?.reason ?? verdict.reason ?? '',
    Severity: verdict.severity,
    Refused: verdict.refused?.why ?? '',
  }
}

/** What a router may say at once is bounded by the size of its status; no more than this is kept. */
const STATUS_ROWS_MAX = 1_000

/**
 * One row per route and target, as rules see it; also for a route of which only the observed pair is
 * told, and one without either for a router that has started nothing.
 */
export function toStatusRows({ router, status }: ReceivedStatus, seenAt: bigint): readonly Row[] {
  const base = {
    ...{ SeenAt: toSequenceText(seenAt), Kind: 'status', Router: router, BootId: status.boot_id },
    ClockMs: Date.parse(status.clock) || 0,
  }
  const pairOf = (route: string) => {
    const pair = status.observed[route]
    return pair ? `${pair.epoch}.${pair.generation}` : ''
  }
  const rows: Row[] = []
  for (const [route, { targets }] of Object.entries(status.routes))
    for (const [target, counters] of Object.entries(targets)) {
      const own = { Route: route, Target: target, Observed: pairOf(route) }
      rows.push({ ...base, ...own, ...countersOf(counters) })
    }
  const isCounted = rows.length > 0
  for (const route of Object.keys(status.observed))
    if (Object.keys(status.routes[route]?.targets ?? {}).length === 0)
      rows.push({ ...base, Kind: 'observed', Route: route, Observed: pairOf(route) })
  if (!isCounted) rows.unshift(base)
  return rows.slice(0, STATUS_ROWS_MAX)
}

export function toGoodbyeRow(router: string, seenAt: bigint): Row {
  return { SeenAt: toSequenceText(seenAt), Kind: 'goodbye', Router: router }
}

function countersOf(counters: TargetCounters): Row {
  const { started, ok, failed, rejected, cancelled, inflight, oldest_ms } = counters
  return {
    ...{ Started: started, Ok: ok, Failed: failed, Rejected: rejected, Cancelled: cancelled },
    ...{ Inflight: inflight, OldestMs: oldest_ms },
  }
}
