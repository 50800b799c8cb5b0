import { randomUUID } from 'node:crypto'
import type { Meanings } from '../config/meanings.ts'
import type { Topology } from '../config/topology.ts'
import type { Attempt } from '../model/attempt.ts'
import type { Observation } from '../model/observation.ts'
import type { MapEntry } from './map-items.ts'
import type { MapJoins } from './map-joins.ts'
import { type MapPlace, toMappedAttempt, toMappedRequest, toOwnAttempt } from './map-served.ts'
import type { SpanTree } from './map-spans.ts'
import type { Mapped } from './mapped.ts'
import { observeMappedAttempt, observeMappedRequest, type SeenMapped } from './observe-mapped.ts'
import type { Tables } from './tables.ts'

export interface MapBatchOptions {
  readonly meanings: Meanings
  topology(): Topology
  readonly tables: Pick<Tables, 'attempts' | 'requests'>
  readonly joins: MapJoins
}

/** What all entries of one batch are given. */
interface Batch extends Omit<MapBatchOptions, 'topology'> {
  readonly receivedUnixMs: number
  readonly tree: SpanTree | undefined
  readonly observations: Observation[]
}

/** @returns a function that writes rows of what was found in one request, and returns observations */
export function createMapBatch(options: MapBatchOptions) {
  const { joins, tables, meanings } = options
  return (entries: readonly MapEntry[], nowMs: number, tree?: SpanTree): Observation[] => {
    const observations: Observation[] = []
    if (entries.length === 0) return observations
    const topology = options.topology()
    const batch: Batch = { joins, tables, meanings, receivedUnixMs: nowMs, tree, observations }
    const units = (entry: MapEntry, unit: Mapped['unit']) =>
      entry.mapped.filter((one) => one.unit === unit)
    for (const entry of entries) {
      const [request] = units(entry, 'request')
      const { item, source } = entry
      if (!request) continue
      const { route } = request
      joins.addRoute({ router: source.id, traceId: item.traceId, route }, nowMs)
    }
    const places = entries.map((entry) => placeOf(entry, batch, topology))
    // All attempts before any request: a request often stands before its attempts in the bytes.
    for (const [index, entry] of entries.entries()) {
      const place = places[index]
      if (place) pushAttempts(units(entry, 'attempt'), { entry, place, batch })
    }
    for (const [index, entry] of entries.entries()) {
      const place = places[index]
      for (const request of units(entry, 'request'))
        if (place) pushRequest(request, { entry, place, batch })
    }
    return observations
  }
}

interface Context {
  readonly entry: MapEntry
  readonly place: Place
  readonly batch: Batch
}

interface Place extends MapPlace {
  /** Of the request above, '' when the batch does not have it. */
  readonly requestSpanId: string
}

function placeOf({ item, mapped, source }: MapEntry, batch: Batch, topology: Topology): Place {
  const { meanings, receivedUnixMs, joins, tree } = batch
  const request = mapped.find(({ unit }) => unit === 'request')
  const above = request ? undefined : tree?.above(item)
  const said = mapped.find(({ requestId }) => requestId !== '')?.requestId
  const trace = { router: source.id, traceId: item.traceId }
  return {
    item,
    source,
    meanings,
    topology,
    receivedUnixMs,
    requestId: said || above?.requestId || item.traceId || randomUUID(),
    route: request?.route || above?.route || joins.routeOf(trace, receivedUnixMs),
    requestSpanId: above?.spanId ?? '',
  }
}

function pushAttempts(attempts: readonly Mapped[], { entry, place, batch }: Context): void {
  const { joins, receivedUnixMs } = batch
  const { item, source } = entry
  if (attempts.length > 0) joins.addSender(source.id, receivedUnixMs)
  const isWithRequest = attempts.length < entry.mapped.length
  for (const [index, mapped] of attempts.entries()) {
    const attempt = toMappedAttempt(mapped, place)
    pushAttempt(attempt, toSeen(place, mapped.count, index), batch)
    // Its request is judged already, or counts what has no request.
    if (isWithRequest || item.signal === 'metric') continue
    const key = `${item.spanId || randomUUID()}/${index}`
    joins.addAttempt(attempt, { key, requestSpanId: place.requestSpanId })
  }
}

function pushAttempt(attempt: Attempt, seen: SeenMapped, batch: Batch): void {
  const spanId = rowIdOf(attempt, seen.index)
  batch.tables.attempts.push({ ...attempt, spanId, revision: 0, sampleCount: seen.count })
  batch.observations.push(observeMappedAttempt(attempt, seen))
}

/**
 * Readers take rows of one start, trace and span for one: lines without ids, and several attempts in
 * one line, need a name of their own there.
 */
function rowIdOf({ spanId }: { readonly spanId: string }, index: number): string {
  if (spanId === '') return randomUUID()
  return index === 0 ? spanId : `${spanId}/${index}`
}

function toSeen({ item, source, meanings }: Place, count: number, index: number): SeenMapped {
  return { item, source, meanings, count, index }
}

function pushRequest(mapped: Mapped, { entry, place, batch }: Context): void {
  const { joins, receivedUnixMs, tables, observations } = batch
  const { item, source } = entry
  const { count, attemptCount } = mapped
  const isOwnAttempt =
    attemptCount === 0 && mapped.target !== '' && !joins.sendsAttempts(source.id, receivedUnixMs)
  const seen = toSeen(place, count, 0)
  const own = isOwnAttempt ? [toOwnAttempt(mapped, place)] : []
  for (const attempt of own) pushAttempt(attempt, seen, batch)
  const { startUnixNs, endUnixNs } = mapped
  const requestId = mapped.requestId || place.requestId
  const { traceId, spanId } = item
  const key = { traceId, spanId, router: source.id, requestId, startUnixNs, endUnixNs }
  const isKnown = isOwnAttempt || attemptCount > 0 || item.signal === 'metric'
  const request = toMappedRequest(
    mapped,
    place,
    isKnown ? own : joins.attemptsOf(key, receivedUnixMs),
  )
  const row = { spanId: rowIdOf(request, 0), form: '', revision: 0, sampleCount: count } as const
  tables.requests.push({ ...request, ...row })
  observations.push(observeMappedRequest(request, seen))
}
