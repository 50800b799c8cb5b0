import type { Meanings } from '../config/meanings.ts'
import type { Timings } from '../config/timings.ts'
import type { Topology } from '../config/topology.ts'
import type { Attempt, Request } from '../model/attempt.ts'
import type { Source } from '../model/observation.ts'
import type { QualityVerdict } from '../model/stored.ts'
import type { LogView } from './log-view.ts'
import { hasQuality, QUALITY_EVENT, readQuality } from './quality.ts'
import { createRecentMap, type RecentMap } from './recent-map.ts'
import { type EndedRequest, isJudged, type RequestBook } from './request-book.ts'
import { findEndOfLog, findEndsOfSpan, nameOf, REQUEST_END, toItem, toSaid } from './request-end.ts'
import { type RoutedContext, readRoutedFacts, saysItGoesOn, wordsOf } from './routed-facts.ts'
import type { RouterServices } from './router-services.ts'
import type { RoutedFacts } from './said.ts'
import { SaidSpan } from './said-span.ts'
import { readRequestId } from './served.ts'
import type { RoutedView, SpanView } from './span-view.ts'
import { AttemptEntry, RequestEntry } from './story.ts'

// Attempts and requests of CONTRACT.md §3, from spans and logs. What one export request does not say
// comes from bounded memories: which services are routers, which routers send attempts, and the book
// of all requests. A fresh process does not have them: what is sent again after a crash gives rows
// only as far as it tells itself (the report joins by request id again anyway).
//
// A request with a `signalbox.request.id` is asynchronous when somebody says so: its SERVER span (or
// a log record) carries `signalbox.async: true`, or its SERVER span answered 202, or an end has come.
// Then its first SERVER span opens it, all others are polls, and only its end or its deadline judges
// it. Every other SERVER span is the whole request, and ends it.

const ROUTERS_MAX = 10_000

/** A span with what it is to us. */
export interface DerivedSpan {
  readonly span: SpanView
  readonly source: Source
  readonly attempt: Attempt | undefined
  readonly request: Request | undefined
}

export interface DeriveOptions {
  readonly meanings: Meanings
  /** Read for every batch, since the failover file may be reloaded. */
  topology(): Topology
  readonly timings: Pick<Timings, 'attemptMemoryMs'>
  readonly routerServices: RouterServices
  readonly book: RequestBook
  quality(verdict: QualityVerdict): void
}

export interface Derivation {
  /** @param marked spans of others, that may end a request or say how good it was */
  spans(
    found: { readonly routed: readonly RoutedView[]; readonly marked: readonly RoutedView[] },
    receivedUnixMs: number,
  ): { readonly derived: DerivedSpan[]; readonly ended: readonly EndedRequest[] }
  logs(logs: readonly LogView[], receivedUnixMs: number): readonly EndedRequest[]
}

export function createDerivation(options: DeriveOptions): Derivation {
  const { meanings, routerServices, book, timings } = options
  const senders = createRecentMap<true>({
    countMax: ROUTERS_MAX,
    ageMaxMs: timings.attemptMemoryMs,
  })
  return {
    spans({ routed, marked }, receivedUnixMs) {
      const context = { meanings, topology: options.topology(), receivedUnixMs }
      const sourceOf = (span: SpanView) => routerServices.sourceOf(span.resource, receivedUnixMs)
      const facts = routed.map((span) => factsOf(span, sourceOf, context))
      noteSenders(facts, senders, receivedUnixMs)
      book.start(receivedUnixMs)
      const entries = routed.map((span, i) => {
        const own = facts[i] as RoutedFacts
        const sendsAttempts = senders.get(own.source.id, receivedUnixMs) === true
        return addSpan(book, span, { facts: own, receivedUnixMs, sendsAttempts })
      })
      const endings = [...routed.filter(mayEnd), ...marked]
      for (const span of endings)
        for (const found of findEndsOfSpan(span, { ...context, source: sourceOf(span) }))
          book.addEnd(found)
      const ended = book.settle()
      const noting = { ...context, sourceOf, options }
      for (const span of routed) if (span.mayBeMarked) noteSpanQuality(span, noting)
      for (const span of marked) noteSpanQuality(span, noting)
      const derived = routed.map((span, i) => {
        const { source } = facts[i] as RoutedFacts
        return toDerived({ span, source }, entries[i], book)
      })
      return { derived, ended }
    },
    logs(logs, receivedUnixMs) {
      book.start(receivedUnixMs)
      for (const log of logs) addLog(log, receivedUnixMs, options)
      const ended = book.settle()
      for (const log of logs)
        if (nameOf(log) === QUALITY_EVENT) noteLogQuality(log, receivedUnixMs, options)
      return ended
    },
  }
}

/** Reads them once for all spans that are known to be alike. */
function factsOf(
  span: RoutedView,
  sourceOf: (span: SpanView) => Source,
  context: RoutedContext,
): RoutedFacts {
  const { alike } = span
  if (alike === undefined) return readRoutedFacts(span, sourceOf(span), context)
  alike.facts ??= readRoutedFacts(span, sourceOf(span), context)
  return alike.facts
}

function noteSenders(facts: readonly RoutedFacts[], senders: RecentMap<true>, nowMs: number): void {
  let last: Source | undefined
  for (const { isAttempt, source } of facts) {
    if (!isAttempt || source === last) continue
    senders.set(source.id, true, nowMs)
    last = source
  }
}

/** Ends are spans of that name, and events. */
const mayEnd = (span: RoutedView): boolean => span.hasEvents || span.alike?.facts?.isEnd !== false

interface Adding {
  readonly facts: RoutedFacts
  readonly receivedUnixMs: number
  readonly sendsAttempts: boolean
}

function addSpan(
  book: RequestBook,
  span: RoutedView,
  adding: Adding,
): AttemptEntry | RequestEntry | undefined {
  const { facts } = adding
  if (facts.isAttempt) return book.addAttempt(toAttemptEntry(span, adding))
  if (facts.isRequest) return book.addRequest(toRequestEntry(span, adding))
  book.addParent(span.traceId, span.spanId, span.parentSpanId)
  return undefined
}

function toAttemptEntry(span: RoutedView, { facts, receivedUnixMs }: Adding): AttemptEntry {
  const words = wordsOf(span, facts)
  const requestId = String(words.requestId ?? '')
  const said = new SaidSpan(span, facts, { words, requestId, receivedUnixMs })
  return new AttemptEntry(said, { parentSpanId: span.parentSpanId, isOwn: facts.isRequest })
}

function toRequestEntry(span: RoutedView, adding: Adding): RequestEntry {
  const { facts, receivedUnixMs, sendsAttempts } = adding
  const { ending, target, source, goesOn } = facts
  const words = wordsOf(span, facts)
  const own = String(words.requestId ?? '')
  const hasOwnId = own !== ''
  const requestId = own || span.traceId
  const said = new SaidSpan(span, facts, { words, requestId, receivedUnixMs })
  const isOpening = hasOwnId && goesOn
  const entry = new RequestEntry({ said, hasOwnId, ending, target, source, isOpening })
  if (target !== '' && !sendsAttempts) entry.own = toAttemptEntry(span, adding)
  return entry
}

function toDerived(
  { span, source }: Pick<DerivedSpan, 'span' | 'source'>,
  added: AttemptEntry | RequestEntry | undefined,
  book: RequestBook,
): DerivedSpan {
  if (added === undefined) return { span, source, attempt: undefined, request: undefined }
  if (added instanceof AttemptEntry)
    return { span, source, attempt: book.attemptOf(added), request: undefined }
  const own = added.hasOwn && added.own?.told !== 'void' ? added.own : undefined
  const { told } = added
  const request = told?.form === '' && isJudged(told) ? told : undefined
  return { span, source, attempt: own && book.attemptOf(own), request }
}

/** What a log record says of requests: it may end one, or open one that goes on. */
function addLog(log: LogView, receivedUnixMs: number, options: DeriveOptions): void {
  const { meanings, routerServices, book } = options
  const source = routerServices.sourceOf(log.origin.resource, receivedUnixMs)
  const context = { meanings, source, receivedUnixMs }
  if (nameOf(log) === REQUEST_END) {
    const found = findEndOfLog(log, context)
    if (found) book.addEnd(found)
    return
  }
  if (!saysItGoesOn(log, 0)) return
  const requestId = readRequestId(toItem(log), meanings)
  if (requestId === '') return
  const ending = { statusCode: 0, errorType: '', isError: false, responseFlags: '', durationMs: 0 }
  const said = toSaid(toItem(log), requestId, context)
  const words = { hasOwnId: true, ending, target: '', source, isOpening: true }
  book.addRequest(new RequestEntry({ said, ...words }))
}

interface Noting extends RoutedContext {
  readonly receivedUnixMs: number
  readonly options: DeriveOptions
  sourceOf(span: SpanView): Source
}

function noteSpanQuality(span: RoutedView, noting: Noting): void {
  if (!hasQuality(span)) return
  const { options, receivedUnixMs } = noting
  const facts = factsOf(span, noting.sourceOf, noting)
  const requestId = String(wordsOf(span, facts).requestId ?? '') || span.traceId
  const known = options.book.placeOf(requestId)
  const place = {
    requestId,
    route: facts.route || known.route,
    target: facts.target || known.target,
  }
  for (const one of readQuality(span, { ...place, receivedUnixMs })) options.quality(one)
}

function noteLogQuality(log: LogView, receivedUnixMs: number, options: DeriveOptions): void {
  const item = { ...toItem(log), attributes: log.attributes }
  const requestId = readRequestId(item, options.meanings) || log.traceId
  if (requestId === '') return
  const { route, target } = options.book.placeOf(requestId)
  const said = toSaid(item, requestId, {
    meanings: options.meanings,
    source: options.routerServices.sourceOf(log.origin.resource, receivedUnixMs),
    receivedUnixMs,
  })
  const place = { requestId, receivedUnixMs, route: said.route || route, target }
  for (const one of readQuality(item, place)) options.quality(one)
}
