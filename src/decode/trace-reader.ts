import type { Source } from '../model/observation.ts'
import type { Admission } from './admission.ts'
import type { PairList } from './pairs.ts'
import type { Privacy } from './privacy.ts'
import { readLast } from './read-last.ts'
import type { ResourceFacts } from './resource.ts'
import type { KnownResource, ScopeFacts, ScopeReader } from './scope-facts.ts'
import { createSpanScan, scanSpan } from './span-scan.ts'
import type { SpanTable } from './span-table.ts'
import { createSpanView, type SpanView } from './span-view.ts'
import { REQUEST_BIT, ROUTE_BIT, type Watch } from './watched.ts'
import { BYTES, createWire } from './wire.ts'

// An export request of traces, in one pass: rows into the open block, and as objects only the spans
// that somebody will look at.

export interface TraceReaderOptions {
  readonly scopes: ScopeReader
  readonly table: SpanTable
  readonly pairs: PairList
  readonly eventPairs: PairList
  readonly privacy: Privacy
}

export interface TraceContext {
  readonly admission: Admission
  readonly watch: Watch
  /** Who sends, as far as it is known before the request is read. */
  sourceOf(resource: ResourceFacts): Source
}

/** What was found, beside the rows. */
export interface ReadTraces {
  readonly itemCount: number
  /** All spans of routers, and of services that may turn out to be routers, in their order. */
  readonly routed: readonly SpanView[]
  /** Those that a rule may take, and the newest of each resource, so that its source is heard. */
  readonly watched: readonly SpanView[]
  /** Those of nobody known as a router that end a request, or say how good it was. */
  readonly marked: readonly SpanView[]
  /** Services that showed themselves to be routers. */
  readonly routerServices: ReadonlySet<string>
}

export interface TraceReader {
  /** @throws BadTelemetry */
  read(bytes: Buffer, context: TraceContext): ReadTraces
}

export function createTraceReader(options: TraceReaderOptions): TraceReader {
  return new Reader(options)
}

/** A resource of the request, and where those of its spans are that may be looked at later. */
interface Sender {
  readonly resource: KnownResource
  readonly component: Source['component']
  newestUnixMs: number
  newestFrom: number
  newestTo: number
  /** Begin and end of each span, while nobody knows whether they are a router's. */
  readonly undecided: number[]
}

class Reader implements TraceReader {
  readonly #options: TraceReaderOptions
  readonly #wire = createWire()
  readonly #scan = createSpanScan()
  #senders: Sender[] = []
  #routed: SpanView[] = []
  #watched: SpanView[] = []
  #marked: SpanView[] = []
  #routerServices = new Set<string>()
  #itemCount = 0

  constructor(options: TraceReaderOptions) {
    this.#options = options
  }

  read(bytes: Buffer, context: TraceContext): ReadTraces {
    const wire = this.#wire
    wire.open(bytes)
    this.#senders = []
    this.#routed = []
    this.#watched = []
    this.#marked = []
    this.#routerServices = new Set()
    this.#itemCount = 0
    for (const end = bytes.length; wire.at < end; ) {
      const tag = wire.varint(end)
      if (tag === 1 * 8 + BYTES) this.#readResourceSpans(wire.lengthEnd(end), context)
      else wire.skip(tag & 7, end)
    }
    return this.#found()
  }

  #readResourceSpans(end: number, context: TraceContext): void {
    const wire = this.#wire
    const { scopes } = this.#options
    const resource = readLast(wire, { end, number: 1 }, (to) => scopes.resource(wire, to))
    const { component } = context.sourceOf(resource)
    const sender: Sender = {
      resource,
      component,
      newestUnixMs: Number.NEGATIVE_INFINITY,
      newestFrom: 0,
      newestTo: 0,
      undecided: [],
    }
    this.#senders.push(sender)
    while (wire.at < end) {
      const tag = wire.varint(end)
      if (tag === 2 * 8 + BYTES) this.#readScopeSpans(wire.lengthEnd(end), sender, context)
      else wire.skip(tag & 7, end)
    }
  }

  #readScopeSpans(end: number, sender: Sender, context: TraceContext): void {
    const wire = this.#wire
    const { scopes, table } = this.#options
    const scope = readLast(wire, { end, number: 1 }, (to) => scopes.scope(wire, to))
    let count = 0
    while (wire.at < end) {
      const tag = wire.varint(end)
      if (tag !== 2 * 8 + BYTES) {
        wire.skip(tag & 7, end)
        continue
      }
      const to = wire.lengthEnd(end)
      if (this.#take(to, sender, context)) count++
      wire.at = to
    }
    const { resource } = sender
    table.endScope({ resource, resourceSchemaUrl: '', ...scope, schemaUrl: '' }, count)
  }

  /** The span that ends at `end`, into the table; false when it is refused. */
  #take(end: number, sender: Sender, { admission, watch }: TraceContext): boolean {
    const wire = this.#wire
    const scan = this.#scan
    const { pairs, table } = this.#options
    const from = wire.at
    scanSpan(wire, end, { scan, pairs })
    if (!admission.admits(wire.view, scan, pairs)) return false
    const bits = pairs.facts().watched
    const carried = bits | table.push(wire, scan, pairs)
    this.#itemCount++
    if (admission.endUnixMs >= sender.newestUnixMs) {
      sender.newestUnixMs = admission.endUnixMs
      sender.newestFrom = from
      sender.newestTo = end
    }
    if (sender.component === 'router') this.#routed.push(this.#viewOf(sender))
    else {
      if (watch.wants(carried)) this.#watched.push(this.#viewOf(sender))
      if ((carried & REQUEST_BIT) !== 0) this.#marked.push(this.#viewOf(sender))
    }
    if (sender.component !== 'other') return true
    // Who sends a span with a route is a router, although nobody says so.
    if ((bits & ROUTE_BIT) !== 0) this.#routerServices.add(sender.resource.serviceName)
    sender.undecided.push(from, end)
    return true
  }

  #viewOf({ resource }: Sender): SpanView {
    const { pairs, eventPairs, privacy } = this.#options
    const { bytes } = this.#wire
    return createSpanView({ bytes, resource, scan: this.#scan, pairs, eventPairs, privacy })
  }

  /** Reads a span once more: it turned out that somebody looks at it. */
  #viewAt(sender: Sender, from: number, to: number): SpanView {
    this.#wire.at = from
    scanSpan(this.#wire, to, { scan: this.#scan, pairs: this.#options.pairs })
    return this.#viewOf(sender)
  }

  #found(): ReadTraces {
    const routed = this.#routed
    const watched = this.#watched
    for (const sender of this.#senders) {
      const { resource, undecided } = sender
      if (sender.newestTo > 0)
        watched.push(this.#viewAt(sender, sender.newestFrom, sender.newestTo))
      if (!this.#routerServices.has(resource.serviceName)) continue
      for (let i = 0; i < undecided.length; i += 2)
        routed.push(this.#viewAt(sender, undecided[i] as number, undecided[i + 1] as number))
    }
    const routerServices = this.#routerServices
    const isRouted = (view: SpanView) =>
      view.resource.component === undefined && routerServices.has(view.resource.serviceName)
    const marked = this.#marked.filter((view) => !isRouted(view))
    return { itemCount: this.#itemCount, routed, watched, marked, routerServices }
  }
}
