import type { Source } from '../model/observation.ts'
import type { Admission } from './admission.ts'
import type { EventHashes } from './event-hashes.ts'
import type { MapGate } from './mapped.ts'
import type { PairList } from './pairs.ts'
import { readSub } from './read-sub.ts'
import type { ReadTraces } from './read-traces.ts'
import type { ResourceFacts } from './resource.ts'
import type { RoutedBook } from './routed-book.ts'
import type { ScopeReader } from './scope-facts.ts'
import type { ScannedSpan, SpanNotes } from './span-notes.ts'
import { createSpanScan, type ScanInto, scanSpan } from './span-scan.ts'
import type { SpanTable } from './span-table.ts'
import type { SpanTraits } from './span-traits.ts'
import { createSpanView, type RoutedView, type SpanView } from './span-view.ts'
import type { SpanViewer } from './span-viewer.ts'
import { isBefore } from './times.ts'
import { createSender, type Sender } from './trace-sender.ts'
import { REQUEST_BIT, ROUTE_BIT, type Watch } from './watched.ts'
import { BYTES, createWire } from './wire.ts'

// An export request of traces, in one pass: rows into the open block, and as objects only the spans
// that somebody will look at.

export interface TraceReaderOptions {
  readonly scopes: ScopeReader
  readonly table: SpanTable
  readonly pairs: PairList
  readonly viewer: SpanViewer
  readonly traits: SpanTraits
  readonly routedBook: RoutedBook
  /** Of the span that was just put into its table. */
  readonly eventHashes: EventHashes
}

export interface TraceContext {
  readonly admission: Admission
  readonly watch: Watch
  /** Who sends, as far as it is known before the request is read. */
  sourceOf(resource: ResourceFacts): Source
  /** As whom observations will name it, as far as that is known. */
  heardAs(resource: ResourceFacts): Source
  /** Which spans of a service may be mapped, by name; undefined: none. */
  gateOf(service: string): MapGate | undefined
}

export interface TraceReader {
  /** @throws BadTelemetry */
  read(bytes: Buffer, context: TraceContext): ReadTraces
}

export function createTraceReader(options: TraceReaderOptions): TraceReader {
  return new Reader(options)
}

class Reader implements TraceReader {
  readonly #scopes: ScopeReader
  readonly #table: SpanTable
  readonly #pairs: PairList
  readonly #traits: SpanTraits
  readonly #routedBook: RoutedBook
  readonly #scanned: ScannedSpan
  readonly #notes: SpanNotes
  readonly #into: ScanInto
  readonly #wire = createWire()
  readonly #scan = createSpanScan()
  #senders: Sender[] = []
  #routed: RoutedView[] = []
  #watched: SpanView[] = []
  #marked: RoutedView[] = []
  #routerServices = new Set<string>()
  #itemCount = 0

  constructor(options: TraceReaderOptions) {
    const { scopes, table, pairs, viewer, traits, routedBook, eventHashes } = options
    this.#scopes = scopes
    this.#table = table
    this.#pairs = pairs
    this.#traits = traits
    this.#routedBook = routedBook
    this.#scanned = { viewer, wire: this.#wire, scan: this.#scan, pairs, from: 0, to: 0 }
    this.#into = { scan: this.#scan, pairs }
    const notes = { traits: undefined, isWanted: false, mayBeMarked: true }
    this.#notes = { ...notes, alike: undefined, words: undefined, events: eventHashes }
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
      const tag = wire.tag(end)
      if (tag === 1 * 8 + BYTES) this.#readResourceSpans(wire.lengthEnd(end), context)
      else wire.skip(tag, end)
    }
    return this.#found()
  }

  #readResourceSpans(end: number, context: TraceContext): void {
    const wire = this.#wire
    const scopes = this.#scopes
    const resource = readSub(wire, { end, number: 1 }, scopes.resource)
    const sender = createSender({
      resource,
      component: context.sourceOf(resource).component,
      heardAs: context.heardAs(resource),
      gate: context.gateOf(resource.serviceName),
    })
    this.#senders.push(sender)
    while (wire.at < end) {
      const tag = wire.tag(end)
      if (tag === 2 * 8 + BYTES) this.#readScopeSpans(wire.lengthEnd(end), sender, context)
      else wire.skip(tag, end)
    }
  }

  #readScopeSpans(end: number, sender: Sender, context: TraceContext): void {
    const wire = this.#wire
    const scopes = this.#scopes
    const scope = readSub(wire, { end, number: 1 }, scopes.scope)
    let count = 0
    while (wire.at < end) {
      const tag = wire.tag(end)
      if (tag !== 2 * 8 + BYTES) {
        wire.skip(tag, end)
        continue
      }
      const to = wire.lengthEnd(end)
      if (this.#take(to, sender, context)) count++
      wire.at = to
    }
    const { resource } = sender
    this.#table.endScope({ resource, resourceSchemaUrl: '', ...scope, schemaUrl: '' }, count)
  }

  /** The span that ends at `end`, into the table; false when it is refused. */
  #take(end: number, sender: Sender, { admission, watch }: TraceContext): boolean {
    const wire = this.#wire
    const scan = this.#scan
    const pairs = this.#pairs
    const from = wire.at
    scanSpan(wire, end, this.#into)
    if (!admission.admits(wire.view, scan, pairs)) return false
    const bits = pairs.facts().watched
    const carried = bits | this.#table.push(wire, scan, pairs)
    this.#itemCount++
    const isWanted = watch.wants(carried, sender.resource.component !== undefined)
    if (!isBefore(admission.end, sender.newest)) {
      sender.newest.low = admission.end.low
      sender.newest.high = admission.end.high
      sender.newestFrom = from
      sender.newestTo = end
      sender.isNewestWanted = isWanted
    }
    this.#scanned.from = from
    this.#scanned.to = end
    const isRouted = sender.component === 'router'
    const isMarked = !isRouted && (carried & REQUEST_BIT) !== 0
    const isMappable = sender.gate?.(this.#name()) === true
    if (isWanted || isRouted || isMarked || isMappable) {
      const view = this.#view(sender, isWanted, carried)
      if (isMappable) sender.mappable.set(from, view)
      if (isRouted) this.#routed.push(view)
      else if (isWanted) this.#watched.push(view)
      if (isMarked) this.#marked.push(view)
    }
    if (sender.component !== 'other') return true
    // Who sends a span with a route is a router, although nobody says so.
    if ((bits & ROUTE_BIT) !== 0) this.#routerServices.add(sender.resource.serviceName)
    sender.undecided.push(from, end)
    return true
  }

  #name(): string {
    return this.#wire.bytes.toString('utf8', this.#scan.nameFrom, this.#scan.nameTo)
  }

  /** Of the span that was just scanned. @param carried its bits, see `watched.ts` */
  #view(sender: Sender, isWanted: boolean, carried: number): RoutedView {
    const notes = this.#notes
    const isRouted = sender.component === 'router'
    const [wire, scan] = [this.#wire, this.#scan]
    notes.traits = isWanted || isRouted ? this.#traits.of(wire, scan, sender) : undefined
    notes.alike = isRouted ? this.#routedBook.of(wire, scan, sender.resource) : undefined
    notes.words = this.#routedBook.words(wire, notes.alike)
    // Who turns out to be a router later has shown it already.
    notes.isWanted = isWanted && isRouted
    notes.mayBeMarked = (carried & REQUEST_BIT) !== 0
    return createSpanView(this.#scanned, sender.resource, notes)
  }

  /** Of one that was scanned before. */
  #viewAgain({ resource, mappable }: Sender, from: number, to: number): RoutedView {
    const known = mappable.get(from)
    if (known) return known
    this.#wire.at = from
    scanSpan(this.#wire, to, this.#into)
    this.#scanned.from = from
    this.#scanned.to = to
    return createSpanView(this.#scanned, resource)
  }

  #found(): ReadTraces {
    const routed = this.#routed
    const watched = this.#watched
    const heard: SpanView[] = []
    const senders = this.#senders.filter(({ newestTo }) => newestTo > 0)
    for (const sender of senders) {
      const { resource, undecided } = sender
      const { newestFrom, newestTo } = sender
      if (!sender.isNewestWanted) heard.push(this.#viewAgain(sender, newestFrom, newestTo))
      if (!this.#routerServices.has(resource.serviceName)) continue
      for (let i = 0; i < undecided.length; i += 2)
        routed.push(this.#viewAgain(sender, undecided[i] as number, undecided[i + 1] as number))
    }
    const mappable = senders.flatMap((sender) => [...sender.mappable.values()])
    const routerServices = this.#routerServices
    const isRouted = (view: SpanView) =>
      view.resource.component === undefined && routerServices.has(view.resource.serviceName)
    const marked = this.#marked.filter((view) => !isRouted(view))
    const resources = [...new Set(senders.map(({ resource }) => resource))]
    const itemCount = this.#itemCount
    return { itemCount, routed, watched, heard, resources, mappable, marked, routerServices }
  }
}
