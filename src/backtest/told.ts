import type { ReplayFrame } from '../detect/replay.ts'
import { statusObservations } from '../detect/status-observations.ts'
import type { NativeRows } from '../lib/native-reader.ts'
import { type Generation, parseGeneration } from '../model/generation.ts'
import type { ReceivedStatus, TargetCounters } from '../model/router-status.ts'
import type { StoredRestart } from '../store/recorded.ts'
import type { PairBook } from './pair-book.ts'

// What detection was told beside telemetry: statuses and goodbyes of routers, and restarts.

export interface Told {
  readonly seen: number
  toFrame(receivedUnixMs: number, pairs: PairBook): ReplayFrame
}

export function toldBy(
  statuses: readonly NativeRows[],
  restarts: readonly StoredRestart[],
): readonly Told[] {
  const all = [...statuses.flatMap(readStatuses), ...restarts.map(toRestart)]
  return all.sort((a, b) => a.seen - b.seen)
}

function toRestart({ seen, route, epoch, generation }: StoredRestart): Told {
  const pair: Generation = { epoch, generation }
  return {
    seen,
    toFrame(receivedUnixMs, pairs) {
      pairs.decided(route, pair, receivedUnixMs)
      return { receivedUnixMs, restart: { route, pair } }
    },
  }
}

function readStatuses(rows: NativeRows): Told[] {
  if (rows.rowCount === 0) return []
  const [seen, kind, router] = [rows.numbers('seen'), rows.texts('Kind'), rows.texts('Router')]
  const told: Told[] = []
  for (let from = 0, to = 0; from < rows.rowCount; from = to) {
    while (to < rows.rowCount && seen.at(to) === seen.at(from)) to++
    const place = { rows, from, to }
    const name = router.at(from)
    told.push({
      seen: seen.at(from),
      ...(kind.at(from) === 'goodbye' ? goodbyeOf(name) : statusOf(name, place)),
    })
  }
  return told
}

function goodbyeOf(router: string): Pick<Told, 'toFrame'> {
  return { toFrame: (receivedUnixMs) => ({ receivedUnixMs, goodbye: router }) }
}

interface Place {
  readonly rows: NativeRows
  readonly from: number
  readonly to: number
}

function statusOf(router: string, place: Place): Pick<Told, 'toFrame'> {
  return {
    toFrame(receivedUnixMs, pairs) {
      const status = readStatus(place)
      pairs.observed(router, status.observed, receivedUnixMs)
      const observations = statusObservations({ router, receivedUnixMs, status })
      return { receivedUnixMs, observations }
    },
  }
}

function readStatus({ rows, from, to }: Place): ReceivedStatus['status'] {
  const [route, target, pair] = ['Route', 'Target', 'Observed'].map((name) => rows.texts(name))
  const observed: Record<string, Generation> = {}
  const routes: Record<string, { targets: Record<string, TargetCounters> }> = {}
  for (let row = from; row < to; row++) {
    const name = route?.at(row) ?? ''
    const generation = parseGeneration(pair?.at(row) ?? '')
    if (generation) observed[name] = generation
    const place = target?.at(row) ?? ''
    if (name === '' || rows.texts('Kind').at(row) !== 'status') continue
    routes[name] ??= { targets: {} }
    routes[name].targets[place] = countersOf(rows, row)
  }
  const clockMs = rows.numbers('ClockMs').at(from)
  const clock = clockMs > 0 ? new Date(clockMs).toISOString() : ''
  return { boot_id: rows.texts('BootId').at(from), clock, observed, routes }
}

function countersOf(rows: NativeRows, row: number): TargetCounters {
  const at = (name: string) => rows.numbers(name).at(row)
  return {
    ...{ started: at('Started'), ok: at('Ok'), failed: at('Failed'), rejected: at('Rejected') },
    ...{ cancelled: at('Cancelled'), inflight: at('Inflight'), oldest_ms: at('OldestMs') },
  }
}
