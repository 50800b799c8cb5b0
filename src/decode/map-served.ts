import type { Meanings } from '../config/meanings.ts'
import type { Topology } from '../config/topology.ts'
import type { Attempt, Request } from '../model/attempt.ts'
import type { Source } from '../model/observation.ts'
import type { KnownAttempt } from './attempt-memory.ts'
import type { MapItem } from './map-items.ts'
import type { Mapped } from './mapped.ts'
import { judgeAttempt, judgeRequest } from './outcome.ts'
import { readWork } from './served.ts'

/** Where something was mapped, and what ties it to the rest of its request. */
export interface MapPlace {
  readonly item: MapItem
  readonly source: Source
  readonly meanings: Meanings
  readonly topology: Topology
  readonly receivedUnixMs: number
  /** Stands in where the item names no request. */
  readonly requestId: string
  /** Stands in where an attempt names no route: that of its request, '' when it is not known. */
  readonly route: string
}

export function toMappedAttempt(mapped: Mapped, place: MapPlace): Attempt {
  const { outcome, target } = mapped
  const served = toServed(mapped, place)
  return { ...served, outcome, target, role: place.topology.roleOf(served.route, target) }
}

/** The only attempt of a request whose router sends none, but names the target. */
export function toOwnAttempt(mapped: Mapped, place: MapPlace): Attempt {
  const { isOutcomeSaid, outcome, ending } = mapped
  const judged = isOutcomeSaid ? outcome : judgeAttempt(ending)
  const { errorType } = ending
  return toMappedAttempt({ ...mapped, outcome: judged, errorType }, place)
}

/** @param known attempts that came as items of their own, oldest first */
export function toMappedRequest(
  mapped: Mapped,
  place: MapPlace,
  known: readonly Pick<KnownAttempt, 'outcome' | 'target' | 'startUnixNs'>[],
): Request {
  const isComplete = mapped.isOutcomeSaid || known.length === 0
  const { outcome, errorType, abandonedAfterMs } = isComplete
    ? mapped
    : judgeRequest(mapped.ending, known)
  const served = known.findLast((attempt) => attempt.outcome === 'ok')?.target ?? ''
  // Attempts of the same item are in what was mapped; without any, a request may name its target.
  const named = mapped.attemptCount > 0 || outcome === 'ok' ? mapped.target : ''
  const finalTarget = known.length > 0 ? served : named
  const { route } = mapped
  const finalRole: Request['finalRole'] =
    finalTarget === '' ? '' : place.topology.roleOf(route, finalTarget)
  const attemptCount = known.length > 0 ? known.length : mapped.attemptCount
  // Assigned, not spread: there may be thousands a second, and copies are most of their cost.
  const ended = { outcome, errorType, abandonedAfterMs, finalTarget, finalRole, attemptCount }
  return Object.assign(toServed(mapped, place), ended)
}

/** One row stands for `count` at once, by its weight. */
function toServed(mapped: Mapped, place: MapPlace) {
  const { ending, startUnixNs, endUnixNs, errorType } = mapped
  const read = readWork(place.item, place)
  return Object.assign(read, {
    startUnixNs,
    endUnixNs,
    errorType,
    route: mapped.route || place.route,
    requestId: mapped.requestId || place.requestId,
    statusCode: ending.statusCode,
    generation: mapped.generation || read.generation,
    weight: read.weight * mapped.count,
  })
}
