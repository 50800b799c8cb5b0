import type { Meanings } from '../config/meanings.ts'
import type { Timings } from '../config/timings.ts'
import type { Topology } from '../config/topology.ts'
import type { Attempt, Request } from '../model/attempt.ts'
import type { Source } from '../model/observation.ts'
import type { QualityVerdict } from '../model/stored.ts'
import type { LogView } from './log-view.ts'
import { hasQuality, QUALITY_EVENT, readQuality } from './quality.ts'
import { createRecentMap } from './recent-map.ts'
import type { EndedRequest, RequestBook } from './request-book.ts'
import { findEndOfLog, findEndsOfSpan, nameOf, REQUEST_END, toItem, toSaid } from './request-end.ts'
import {
  classify,
  type RoutedContext,
  type RoutedSpan,
  saysItGoesOn,
  toAttemptEntry,
  toRequestEntry,
} from './routed-span.ts'
import type { RouterServices } from './router-services.ts'
import { readRequestId } from './served.ts'
import type { SpanView } from './span-view.ts'
import type { AttemptEntry, RequestEntry } from './story.ts'

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
  readonly attempt?: Attempt
  readonly request?: Request
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
    found: { readonly routed: readonly SpanView[]; readonly marked: readonly SpanView[] },
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
      const items = routed.map((span) => classify(span, sourceOf(span), context))
      for (const { isAttempt, source } of items)
        if (isAttempt) senders.set(source.id, true, receivedUnixMs)
      book.start(receivedUnixMs)
      const entries = items.map((item) => {
        const sendsAttempts = senders.get(item.source.id, receivedUnixMs) === true
        return addSpan(book, item, { ...context, sendsAttempts })
      })
      const endings = [...routed, ...marked]
      for (const span of endings)
        for (const found of findEndsOfSpan(span, { ...context, source: sourceOf(span) }))
          book.addEnd(found)
      const ended = book.settle()
      for (const span of endings) if (hasQuality(span)) noteSpanQuality(span, context, options)
      return { derived: items.map((item, i) => toDerived(item, entries[i], book)), ended }
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

type Added = { readonly attempt?: AttemptEntry; readonly request?: RequestEntry }

function addSpan(
  book: RequestBook,
  item: RoutedSpan,
  context: RoutedContext & { readonly sendsAttempts: boolean },
): Added {
  const { traceId, spanId, parentSpanId } = item.span
  if (item.isAttempt) return { attempt: book.addAttempt(toAttemptEntry(item, context)) }
  if (!item.isRequest) {
    book.addParent(traceId, spanId, parentSpanId)
    return {}
  }
  const entry = toRequestEntry(item, context)
  if (item.target !== '' && !context.sendsAttempts) entry.own = toAttemptEntry(item, context)
  return { request: book.addRequest(entry) }
}

function toDerived({ span, source }: RoutedSpan, added: Added | undefined, book: RequestBook) {
  const { request } = added ?? {}
  const own = request?.hasOwn && request.own?.told !== 'void' ? request.own : undefined
  const entry = added?.attempt ?? own
  const told = request?.told?.form === '' ? request.told : undefined
  const derived: DerivedSpan = {
    ...{ span, source },
    ...(entry && { attempt: book.attemptOf(entry) }),
  }
  if (!told || told.outcome === 'unknown') return derived
  const { form: _, revision: __, isUnseen: ___, outcome, ...rest } = told
  return { ...derived, request: { ...rest, outcome } }
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
  book.addRequest({
    said: toSaid(toItem(log), requestId, context),
    ...{ hasOwnId: true, ending, target: '', source, isOpening: true },
    ...{ own: undefined, hasOwn: false, told: undefined, revision: 0 },
  })
}

function noteSpanQuality(span: SpanView, context: RoutedContext, options: DeriveOptions): void {
  const { routerServices, book } = options
  const { receivedUnixMs } = context
  const source = routerServices.sourceOf(span.resource, receivedUnixMs)
  const { route, target, requestId: own } = classify(span, source, context)
  const requestId = own || span.traceId
  const known = book.placeOf(requestId)
  const place = { requestId, route: route || known.route, target: target || known.target }
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
