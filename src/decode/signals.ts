import type { Timings } from '../config/timings.ts'
import type { Topology } from '../config/topology.ts'
import type { Observation } from '../model/observation.ts'
import type { ObservationColumns } from '../model/observation-columns.ts'
import type { Signal } from '../model/otlp.ts'
import type { Admission } from './admission.ts'
import { quiet } from './attributes-view.ts'
import { createDerivation, type Derivation } from './derive.ts'
import type { JobEvents } from './jobs.ts'
import { createLogReader } from './log-reader.ts'
import { createLogTraits } from './log-traits.ts'
import type { LogView } from './log-view.ts'
import type { Mapper } from './mapped.ts'
import { createMapping, type Mapping } from './mapping.ts'
import { createMetricReader } from './metric-reader.ts'
import { SeenLog } from './observe-log.ts'
import { observePoint } from './observe-point.ts'
import { observeEnded, observeHeard, observeSpan, observeWatched } from './observe-span.ts'
import { Observed } from './observed.ts'
import type { PointView } from './point-view.ts'
import type { Privacy } from './privacy.ts'
import { createRequestBook, type RequestBook } from './request-book.ts'
import type { ResourceFacts, ResourceOptions } from './resource.ts'
import { createRoutedBook } from './routed-book.ts'
import { createRouterServices } from './router-services.ts'
import { createScopeReader } from './scope-facts.ts'
import { createSpanTraits } from './span-traits.ts'
import { createSpanViewer } from './span-viewer.ts'
import type { Tables } from './tables.ts'
import { createTraceReader } from './trace-reader.ts'
import type { SpanInterest } from './watched.ts'

/** What a request becomes beside its rows. */
export interface Found {
  readonly observations: readonly Observation[]
  /** The same; of spans only. Good until the next request. */
  readonly columns?: ObservationColumns
  /** Spans, log records and data points accepted. */
  readonly itemCount: number
}

export interface SignalContext {
  readonly admission: Admission
  readonly receivedUnixMs: number
}

/** Each reads a request of its signal, in protobuf. */
export type Signals = Readonly<Record<Signal, (body: Buffer, context: SignalContext) => Found>> & {
  /** Requests whose deadline has passed. */
  tick(nowUnixMs: number): Found
  /** The rows of the last request, or tick, were taken back. */
  forgetLast(): void
}

export interface SignalOptions extends ResourceOptions {
  topology(): Topology
  readonly timings: Pick<Timings, 'attemptMemoryMs'>
  readonly privacy: Privacy
  spanInterest(): SpanInterest
  keysRead(signal: 'traces' | 'logs'): readonly string[]
  readonly tables: Tables
  readonly mapper: Mapper
  readonly jobEvents?: JobEvents
}

export function createSignals(options: SignalOptions): Signals {
  const { tables, privacy, meanings } = options
  const { pairs } = tables
  const scopes = createScopeReader(options)
  const routerServices = createRouterServices()
  const mapping = createMapping({ ...options, routerServices })
  const shared = { scopes, pairs, privacy }
  const logTraits = createLogTraits({ meanings, pairs })
  const logs = createLogReader({ ...shared, table: tables.logs, traits: logTraits })
  const metrics = createMetricReader({ ...shared, tables: tables.points })
  const book = createRequestBook({
    ...options,
    attempt: (row) => tables.attempts.push(row),
    request: (row) => tables.requests.push(row),
  })
  const quality = tables.quality.push
  const derivation = createDerivation({ ...options, routerServices, book, quality })
  const traces = createTraces({ ...options, routerServices, scopes, mapping, derivation })
  return {
    traces,
    tick(nowUnixMs) {
      const found = tickBook(book, nowUnixMs, meanings)
      tables.arrivals.push(found.observations, [])
      return found
    },
    forgetLast: book.forgetLast,
    logs(body, context) {
      const { receivedUnixMs } = context
      logTraits.begin({ keys: options.keysRead('logs'), topology: options.topology() })
      const heardAs = (resource: ResourceFacts) => mapping.sourceOf(resource, receivedUnixMs)
      const views = logs.read(body, { ...context, heardAs })
      const mapped = mapping.logs(views, receivedUnixMs)
      const ended = derivation.logs(views, receivedUnixMs)
      const observingOf = perResource((resource) => ({
        ...{ meanings, source: heardAs(resource), placeOf: book.placeOf },
      }))
      const observations: Observation[] = views.map(
        (view) => new SeenLog(view, observingOf(view.origin.resource)),
      )
      for (const one of ended) observations.push(observeEnded(one, meanings))
      for (const one of mapped) observations.push(one)
      tables.arrivals.push(observations, resourcesOf(views, logResource))
      return { observations, itemCount: views.length }
    },
    metrics(body, context) {
      const { itemCount, points } = metrics.read(body, context)
      const { receivedUnixMs } = context
      const mapped = mapping.points(points, receivedUnixMs)
      const observingOf = perResource((resource) => ({
        ...{ meanings, source: mapping.sourceOf(resource, receivedUnixMs) },
      }))
      const observations = points.map((point) =>
        observePoint(point, observingOf(point.metric.scope.resource)),
      )
      for (const one of mapped) observations.push(one)
      tables.arrivals.push(observations, resourcesOf(points, pointResource))
      return { observations, itemCount }
    },
  }
}

const logResource = (view: LogView) => view.origin.resource
const pointResource = (point: PointView) => point.metric.scope.resource

/** What follows from the resource of an item: mostly it is that of the item before. */
function perResource<T>(make: (resource: ResourceFacts) => T): (resource: ResourceFacts) => T {
  let last: { readonly resource: ResourceFacts; readonly made: T } | undefined
  return (resource) => {
    if (last?.resource !== resource) last = { resource, made: make(resource) }
    return last.made
  }
}

/** The resources of a request's items: few, and mostly the one of the item before. */
function resourcesOf<V>(
  views: readonly V[],
  resourceOf: (view: V) => ResourceFacts,
): Iterable<ResourceFacts> {
  const found = new Set<ResourceFacts>()
  let last: ResourceFacts | undefined
  for (const view of views) {
    const own = resourceOf(view)
    if (own !== last) found.add(own)
    last = own
  }
  return found
}

function tickBook(book: RequestBook, nowUnixMs: number, meanings: SignalOptions['meanings']) {
  book.start(nowUnixMs)
  book.expire(nowUnixMs)
  const ended = book.settle()
  return { observations: ended.map((one) => observeEnded(one, meanings)), itemCount: 0 }
}

function createTraces(
  options: SignalOptions & {
    readonly routerServices: ReturnType<typeof createRouterServices>
    readonly scopes: ReturnType<typeof createScopeReader>
    readonly mapping: Mapping
    readonly derivation: Derivation
  },
): Signals['traces'] {
  const { tables, routerServices, meanings, mapping, derivation } = options
  const { spans: table, pairs, eventHashes } = tables
  const { viewPairs, viewEventPairs } = tables
  const privacy = quiet(options.privacy)
  const viewer = createSpanViewer({ pairs: viewPairs, eventPairs: viewEventPairs, privacy })
  const [ofTraits, ofRouted] = eventHashes
  const traits = createSpanTraits({ meanings, pairs, eventHashes: ofTraits })
  const routedBook = createRoutedBook({ meanings, pairs, eventHashes: ofRouted, privacy })
  const books = { traits, routedBook, eventHashes: ofTraits }
  const reader = createTraceReader({ ...options, ...books, table, pairs, viewer })
  const observed = new Observed()
  return (body, { admission, receivedUnixMs }) => {
    const topology = options.topology()
    traits.begin({ keys: options.keysRead('traces'), topology })
    routedBook.begin(topology)
    const heardAs = (resource: ResourceFacts) => mapping.sourceOf(resource, receivedUnixMs)
    const found = reader.read(body, {
      admission,
      watch: tables.watch(options.spanInterest()),
      sourceOf: (resource) => routerServices.sourceOf(resource, receivedUnixMs),
      heardAs,
      gateOf: (service) => mapping.gateOf('span', service),
    })
    for (const service of found.routerServices) routerServices.learn(service, receivedUnixMs)
    const { derived, ended } = derivation.spans(found, receivedUnixMs)
    const mapped = mapping.spans({ candidates: found.mappable, derived }, receivedUnixMs)
    observed.begin()
    observeWatched(found.watched, heardAs, { meanings, into: observed })
    observeHeard(found.heard, heardAs, { meanings, into: observed })
    for (const one of derived) observeSpan(one, meanings, observed)
    for (const one of mapped) observed.push(one)
    for (const one of ended) observed.push(observeEnded(one, meanings))
    const { all: observations, columns } = observed
    tables.arrivals.push(observations, found.resources)
    return { observations, columns, itemCount: found.itemCount }
  }
}
