import type { Meanings } from '../config/meanings.ts'
import type { Timings } from '../config/timings.ts'
import type { Topology } from '../config/topology.ts'
import type { Observation, Source } from '../model/observation.ts'
import type { DerivedSpan } from './derive.ts'
import type { LogView } from './log-view.ts'
import { createMapBatch } from './map-batch.ts'
import { itemOfLog, itemOfPoint, itemOfSpan, type MapEntry, type MapItem } from './map-items.ts'
import { createMapJoins } from './map-joins.ts'
import { createSpanTree } from './map-spans.ts'
import type { MapGate, Mappable, Mapper } from './mapped.ts'
import type { PointView } from './point-view.ts'
import { createRecentMap } from './recent-map.ts'
import type { ResourceFacts } from './resource.ts'
import type { RouterServices } from './router-services.ts'
import type { SpanView } from './span-view.ts'
import type { Tables } from './tables.ts'

// From items of routers that do not know us to rows and observations of attempts and requests. The
// mapper says what one item is; here it gets its place: who sent it, which request it is of, and the
// role of its target.

export interface MappingOptions {
  readonly mapper: Mapper
  readonly meanings: Meanings
  topology(): Topology
  readonly timings: Pick<Timings, 'attemptMemoryMs'>
  readonly routerServices: RouterServices
  readonly tables: Pick<Tables, 'attempts' | 'requests'>
}

/** Each writes rows of attempts and requests, and returns them as observations. */
export interface Mapping {
  logs(views: readonly LogView[], receivedUnixMs: number): readonly Observation[]
  points(views: readonly PointView[], receivedUnixMs: number): readonly Observation[]
  /** Spans that are attempts or requests by what they say themselves are not mapped. */
  spans(given: MappableSpans, receivedUnixMs: number): readonly Observation[]
  gateOf: Mapper['gateOf']
  /** As `RouterServices` tells it; besides, whoever sent what was mapped is a router. */
  sourceOf(resource: ResourceFacts, nowMs: number): Source
}

export interface MappableSpans {
  /** Those that a rule may fit. */
  readonly candidates: readonly SpanView[]
  readonly derived: readonly DerivedSpan[]
}

const ROUTERS_MAX = 10_000
/** The router of items that say nothing of who sent them. */
const UNNAMED = 'unnamed'

export function createMapping(options: MappingOptions): Mapping {
  const { mapper, routerServices } = options
  const routers = createRecentMap<true>({
    countMax: ROUTERS_MAX,
    ageMaxMs: Number.POSITIVE_INFINITY,
  })
  const joins = createMapJoins({ ageMaxMs: options.timings.attemptMemoryMs })
  const finish = createMapBatch({ ...options, joins })
  const map = (items: Iterable<MapItem>, nowMs: number) => {
    const entries: MapEntry[] = []
    for (const item of items) {
      const mapped = mapper.map(item)
      if (mapped.length === 0) continue
      const { id } = routerServices.sourceOf(item.resource, nowMs)
      if (id !== '') routers.set(id, true, nowMs)
      entries.push({ item, mapped, source: { id: id || UNNAMED, component: 'router' } })
    }
    return entries
  }
  const logItems = createItems({
    mapper,
    signal: 'log',
    resourceOf: (view: LogView) => view.origin.resource,
    nameOf: (view) => view.eventName,
    toItem: itemOfLog,
  })
  const pointItems = createItems({
    mapper,
    signal: 'metric',
    resourceOf: (view: PointView) => view.metric.scope.resource,
    nameOf: (view) => view.metric.name,
    toItem: itemOfPoint,
  })
  return {
    gateOf: mapper.gateOf,
    logs: (views, nowMs) => finish(map(logItems(views), nowMs), nowMs),
    points: (views, nowMs) => finish(map(pointItems(views), nowMs), nowMs),
    spans({ candidates, derived }, nowMs) {
      if (!mapper.signals.has('span')) return []
      joins.addDerived(derived)
      const own = derived.filter(({ attempt, request }) => attempt || request)
      const taken = new Set(own.map(({ span }) => span))
      const free = candidates.filter((span) => !taken.has(span))
      const entries = map(free.map(itemOfSpan), nowMs)
      return finish(entries, nowMs, createSpanTree({ candidates, derived, entries }))
    },
    sourceOf(resource, nowMs) {
      const source = routerServices.sourceOf(resource, nowMs)
      const isRouter = source.component === 'other' && routers.get(source.id, nowMs) === true
      return isRouter ? { ...source, component: 'router' } : source
    },
  }
}

interface ItemsOptions<V> {
  readonly mapper: Mapper
  readonly signal: Mappable['signal']
  readonly resourceOf: (view: V) => ResourceFacts
  readonly nameOf: (view: V) => string
  readonly toItem: (view: V) => MapItem
}

/** Of all views those that a rule may fit; the gate is asked for once per resource. */
function createItems<V>({ mapper, signal, resourceOf, nameOf, toItem }: ItemsOptions<V>) {
  return (views: readonly V[]): MapItem[] => {
    const items: MapItem[] = []
    if (!mapper.signals.has(signal)) return items
    let resource: ResourceFacts | undefined
    let gate: MapGate | undefined
    for (const view of views) {
      const own = resourceOf(view)
      if (own !== resource) gate = mapper.gateOf(signal, own.serviceName)
      resource = own
      if (gate?.(nameOf(view))) items.push(toItem(view))
    }
    return items
  }
}
