import type { Meanings } from '../config/meanings.ts'
import type { Timings } from '../config/timings.ts'
import type { Topology } from '../config/topology.ts'
import type { Attempt, Request } from '../model/attempt.ts'
import type { Source } from '../model/observation.ts'
import { type AttemptMemory, createAttemptMemory, type KnownAttempt } from './attempt-memory.ts'
import { readMeaning, readTarget } from './fields.ts'
import { judgeAttempt, judgeRequest } from './outcome.ts'
import { createRecentMap } from './recent-map.ts'
import type { RouterServices } from './router-services.ts'
import { endingOf, readRequestId, readServed } from './served.ts'
import type { SpanView } from './span-view.ts'

// Attempts and requests of CONTRACT.md §3, from spans. What one batch does not say comes from three
// bounded memories: which services are routers, which routers send attempts, which attempts a
// request had. A fresh process does not have them: bytes that are decoded again after a crash give
// the same rows only as far as their own batch tells (the report joins attempts again anyway).

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
}

/** @returns a function that takes the spans of one request, in order, with when it was received */
export function createDerivation(
  options: DeriveOptions,
): (spans: readonly SpanView[], receivedUnixMs: number) => DerivedSpan[] {
  const ageMaxMs = options.timings.attemptMemoryMs
  const attemptSenders = createRecentMap<true>({ countMax: ROUTERS_MAX, ageMaxMs })
  const memory = createAttemptMemory({ ageMaxMs })
  return (spans, receivedUnixMs) => {
    const { routerServices } = options
    const sourceOf = (span: SpanView) => routerServices.sourceOf(span.resource, receivedUnixMs)
    const batch = createBatch({ ...options, spans, receivedUnixMs, sourceOf })
    for (const item of batch.attempts) attemptSenders.set(item.source.id, true, receivedUnixMs)
    const sendsAttempts = (source: Source) => attemptSenders.get(source.id, receivedUnixMs) === true
    return deriveBatch(batch, { memory, sendsAttempts, receivedUnixMs, ...options })
  }
}

interface Item {
  readonly span: SpanView
  readonly source: Source
  readonly target: string
  /** What the span itself says; '' when nothing. */
  readonly route: string
  readonly isRequest: boolean
  readonly isAttempt: boolean
}

interface Batch {
  readonly items: readonly Item[]
  readonly attempts: readonly Item[]
  /** The request span above an attempt, when this batch has it. */
  requestAbove(item: Item): Item | undefined
}

interface BatchOptions extends DeriveOptions {
  readonly spans: readonly SpanView[]
  readonly receivedUnixMs: number
  sourceOf(span: SpanView): Source
}

const HOPS_MAX = 64

function createBatch({ spans, sourceOf, ...options }: BatchOptions): Batch {
  const topology = options.topology()
  const items = spans.map((span) => classify(span, sourceOf(span), { ...options, topology }))
  const bySpan = new Map<string, Item>()
  for (const item of items) bySpan.set(`${item.span.traceId}/${item.span.spanId}`, item)
  return {
    items,
    attempts: items.filter((item) => item.isAttempt),
    requestAbove({ span }) {
      let parentSpanId = span.parentSpanId
      for (let hops = 0; hops < HOPS_MAX && parentSpanId !== ''; hops++) {
        const parent = bySpan.get(`${span.traceId}/${parentSpanId}`)
        if (!parent || parent.isRequest) return parent
        parentSpanId = parent.span.parentSpanId
      }
      return undefined
    },
  }
}

interface ClassifyOptions {
  readonly meanings: Meanings
  readonly topology: Topology
}

function classify(span: SpanView, source: Source, { meanings, topology }: ClassifyOptions): Item {
  const { attributes } = span
  const scoped = { attributes, resource: span.resource.attributes }
  const isServerSpan = span.kind === 'Server'
  const target = String(
    readTarget(meanings.target, { ...scoped, isServerSpan, component: source.component }) ?? '',
  )
  const route = String(readMeaning(meanings.route, scoped) ?? '')
  const isRouter = source.component === 'router'
  return {
    span,
    source,
    target,
    route,
    isRequest:
      isRouter &&
      isServerSpan &&
      (attributes.get('signalbox.route') !== undefined || topology.hasRoute(route)),
    isAttempt:
      isRouter &&
      span.kind === 'Client' &&
      (attributes.get('signalbox.target') !== undefined || topology.hasTarget(target)),
  }
}

interface Context extends DeriveOptions {
  readonly memory: AttemptMemory
  sendsAttempts(source: Source): boolean
  readonly receivedUnixMs: number
}

function deriveBatch(batch: Batch, context: Context): DerivedSpan[] {
  // All attempts before any request: a request often stands before its attempts in the bytes.
  const attempts = new Map<Item, Attempt>()
  for (const item of batch.attempts) {
    const requestItem = batch.requestAbove(item)
    attempts.set(item, toAttempt(item, { ...context, ...(requestItem && { requestItem }) }))
  }
  return batch.items.map((item): DerivedSpan => {
    const { span, source } = item
    if (!item.isRequest) {
      const attempt = attempts.get(item)
      return { span, source, ...(attempt && { attempt }) }
    }
    const isOwnAttempt = item.target !== '' && !context.sendsAttempts(source)
    const attempt = isOwnAttempt ? toAttempt(item, { ...context, requestItem: item }) : undefined
    return { span, source, ...(attempt && { attempt }), request: toRequest(item, context) }
  })
}

function toAttempt(item: Item, context: Context & { readonly requestItem?: Item }): Attempt {
  const { span, target } = item
  const { requestItem, memory, meanings, receivedUnixMs } = context
  const route = item.route || (requestItem?.route ?? '')
  const inherited = requestItem && readRequestId(requestItem.span, meanings)
  const attempt: Attempt = {
    ...readServed(span, { ...context, source: item.source }),
    route,
    requestId: readRequestId(span, meanings) || inherited || span.traceId,
    outcome: judgeAttempt(endingOf(span)),
    target,
    role: context.topology().roleOf(route, target),
  }
  const known: KnownAttempt = { ...attempt, requestSpanId: requestItem?.span.spanId ?? '' }
  memory.add(known, receivedUnixMs)
  return attempt
}

function toRequest(item: Item, context: Context): Request {
  const { span } = item
  const { meanings } = context
  const requestId = readRequestId(span, meanings) || span.traceId
  const attempts = context.memory.of(
    {
      requestId,
      traceId: span.traceId,
      spanId: span.spanId,
      startUnixNs: span.startUnixNs,
      endUnixNs: span.endUnixNs,
    },
    context.receivedUnixMs,
  )
  const judged = judgeRequest(endingOf(span), attempts)
  const served = attempts.findLast(({ outcome }) => outcome === 'ok')
  // A router whose attempts did not come (yet) may still name the target on the request.
  const named = judged.outcome === 'ok' && attempts.length === 0 ? item.target : ''
  const finalTarget = served?.target ?? named
  return {
    ...readServed(span, { ...context, source: item.source }),
    route: item.route,
    requestId,
    ...judged,
    finalTarget,
    finalRole: finalTarget === '' ? '' : context.topology().roleOf(item.route, finalTarget),
    attemptCount: attempts.length,
  }
}
