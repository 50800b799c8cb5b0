import type { Meanings } from '../config/meanings.ts'
import type { Topology } from '../config/topology.ts'
import type { Source } from '../model/observation.ts'
import { readMeaning, readTarget } from './fields.ts'
import { judgeAttempt } from './outcome.ts'
import { REQUEST_END } from './request-end.ts'
import { endingOf, readRequestId, readServed } from './served.ts'
import type { SpanView } from './span-view.ts'
import type { AttemptEntry, RequestEntry } from './story.ts'

/** A span of a router, and what it is by itself. */
export interface RoutedSpan {
  readonly span: SpanView
  readonly source: Source
  readonly target: string
  /** What the span itself says; '' when nothing. */
  readonly route: string
  readonly requestId: string
  readonly isRequest: boolean
  readonly isAttempt: boolean
}

export interface RoutedContext {
  readonly meanings: Meanings
  readonly topology: Topology
  readonly receivedUnixMs: number
}

export function classify(
  span: SpanView,
  source: Source,
  { meanings, topology }: RoutedContext,
): RoutedSpan {
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
    requestId: readRequestId(span, meanings),
    isRequest:
      isRouter &&
      isServerSpan &&
      (attributes.get('signalbox.route') !== undefined || topology.hasRoute(route)) &&
      span.name !== REQUEST_END,
    isAttempt:
      isRouter &&
      span.kind === 'Client' &&
      (attributes.get('signalbox.target') !== undefined || topology.hasTarget(target)),
  }
}

export function toAttemptEntry(
  { span, source, target, route, requestId, isRequest }: RoutedSpan,
  context: RoutedContext,
): AttemptEntry {
  return {
    said: {
      ...readServed(span, { ...context, source }),
      ...{ route, requestId, target },
      outcome: judgeAttempt(endingOf(span)),
      role: context.topology.roleOf(route, target),
    },
    parentSpanId: span.parentSpanId,
    isOwn: isRequest,
    ...{ requestSpanId: '', routeAbove: '', group: undefined, told: undefined, revision: 0 },
  }
}

export function toRequestEntry(item: RoutedSpan, context: RoutedContext): RequestEntry {
  const { span, source, target, route, requestId } = item
  const { errorType: _, ...served } = readServed(span, { ...context, source })
  return {
    said: { ...served, route, requestId: requestId || span.traceId },
    hasOwnId: requestId !== '',
    ending: endingOf(span),
    ...{ target, source, own: undefined, hasOwn: false, told: undefined, revision: 0 },
    isOpening: requestId !== '' && saysItGoesOn(span, served.statusCode),
  }
}

const ACCEPTED = 202

/** `signalbox.async`, where it is said; else 202 Accepted: taken, not done. */
export function saysItGoesOn({ attributes }: Pick<SpanView, 'attributes'>, statusCode: number) {
  const said = attributes.get('signalbox.async')
  return said === undefined ? statusCode === ACCEPTED : String(said) === 'true'
}
