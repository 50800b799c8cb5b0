import type { Timings } from '../config/timings.ts'
import type { Topology } from '../config/topology.ts'
import type { Observation } from '../model/observation.ts'
import type { Signal } from '../model/otlp.ts'
import type { Admission } from './admission.ts'
import { quiet } from './attributes-view.ts'
import { createDerivation, type DerivedSpan } from './derive.ts'
import { createLogReader } from './log-reader.ts'
import { createMetricReader } from './metric-reader.ts'
import { observeLog } from './observe-log.ts'
import { observePoint } from './observe-point.ts'
import { observeSpan } from './observe-span.ts'
import type { Privacy } from './privacy.ts'
import type { ResourceFacts, ResourceOptions } from './resource.ts'
import { createRouterServices } from './router-services.ts'
import { createScopeReader } from './scope-facts.ts'
import type { SpanView } from './span-view.ts'
import { createSpanViewer } from './span-viewer.ts'
import type { Tables } from './tables.ts'
import { createTraceReader } from './trace-reader.ts'
import type { SpanInterest } from './watched.ts'

/** What a request becomes beside its rows. */
export interface Found {
  readonly observations: readonly Observation[]
  /** Spans, log records and data points accepted. */
  readonly itemCount: number
}

export interface SignalContext {
  readonly admission: Admission
  readonly receivedUnixMs: number
}

/** Each reads a request of its signal, in protobuf. */
export type Signals = Readonly<Record<Signal, (body: Buffer, context: SignalContext) => Found>>

export interface SignalOptions extends ResourceOptions {
  topology(): Topology
  readonly timings: Pick<Timings, 'attemptMemoryMs'>
  readonly privacy: Privacy
  spanInterest(): SpanInterest
  readonly tables: Tables
}

export function createSignals(options: SignalOptions): Signals {
  const { tables, privacy, meanings } = options
  const { pairs } = tables
  const scopes = createScopeReader(options)
  const routerServices = createRouterServices()
  const shared = { scopes, pairs, privacy }
  const logs = createLogReader({ ...shared, table: tables.logs })
  const metrics = createMetricReader({ ...shared, tables: tables.points })
  const observing = (resource: ResourceFacts, receivedUnixMs: number) => ({
    meanings,
    source: routerServices.sourceOf(resource, receivedUnixMs),
  })
  const traces = createTraces({ ...options, routerServices, scopes })
  return {
    traces,
    logs(body, context) {
      const views = logs.read(body, context)
      const { receivedUnixMs } = context
      const observations = views.map((view) =>
        observeLog(view, observing(view.origin.resource, receivedUnixMs)),
      )
      return { observations, itemCount: views.length }
    },
    metrics(body, context) {
      const { itemCount, points } = metrics.read(body, context)
      const observations = points.map((point) =>
        observePoint(point, observing(point.metric.scope.resource, context.receivedUnixMs)),
      )
      return { observations, itemCount }
    },
  }
}

function createTraces(
  options: SignalOptions & {
    readonly routerServices: ReturnType<typeof createRouterServices>
    readonly scopes: ReturnType<typeof createScopeReader>
  },
): Signals['traces'] {
  const { tables, routerServices, meanings } = options
  const { spans: table, pairs, attempts, requests } = tables
  const { viewPairs, viewEventPairs } = tables
  const viewer = createSpanViewer({
    pairs: viewPairs,
    eventPairs: viewEventPairs,
    privacy: quiet(options.privacy),
  })
  const reader = createTraceReader({ ...options, table, pairs, viewer })
  const derive = createDerivation(options)
  return (body, { admission, receivedUnixMs }) => {
    const found = reader.read(body, {
      admission,
      watch: tables.watch(options.spanInterest()),
      sourceOf: (resource) => routerServices.sourceOf(resource, receivedUnixMs),
    })
    for (const service of found.routerServices) routerServices.learn(service, receivedUnixMs)
    const plain = (span: SpanView): DerivedSpan => ({
      span,
      source: routerServices.sourceOf(span.resource, receivedUnixMs),
    })
    const derived = derive(found.routed, receivedUnixMs)
    for (const { attempt } of derived) if (attempt) attempts.push(attempt)
    for (const { request } of derived) if (request) requests.push(request)
    const seen = [...found.watched.map(plain), ...derived]
    const observations = seen.flatMap((item) => observeSpan(item, meanings))
    return { observations, itemCount: found.itemCount }
  }
}
