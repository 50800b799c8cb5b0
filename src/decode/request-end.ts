import type { RequestOutcome } from '../model/attempt.ts'
import { readMeaning } from './fields.ts'
import type { LogView } from './log-view.ts'
import { toPlain } from './placed.ts'
import type { SaidRequest } from './said.ts'
import { readRequestId, readWork, type ServedContext, type ServedItem } from './served.ts'
import type { AttributesView } from './span-place.ts'
import type { SpanView } from './span-view.ts'
import type { RequestEnd } from './story.ts'
import { OUTCOME } from './watched.ts'

// The end of an asynchronous request (CONTRACT.md §3): a span of this name, an event of this name on
// any span, or a log event. Whoever knows may send it, also a worker.

export const REQUEST_END = 'signalbox.request.end'

const OUTCOMES: readonly string[] = ['ok', 'failed', 'rejected', 'cancelled']

/** An end, and the id of the request that it ends: never ''. */
export interface FoundEnd {
  readonly requestId: string
  readonly end: RequestEnd
}

export function findEndsOfSpan(span: SpanView, context: ServedContext): FoundEnd[] {
  const isError = span.status === 'Error'
  if (span.name === REQUEST_END) {
    const found = toEnd({ item: span, isError, own: span.attributes }, context)
    return found ? [found] : []
  }
  return span.events().flatMap(({ name, unixNs, attributes }) => {
    if (name !== REQUEST_END) return []
    // An event says what its span does not.
    const get = (key: string) => attributes.get(key) ?? span.attributes.get(key)
    const { traceId, spanId, traceState, resource } = span
    const times = { startUnixNs: span.startUnixNs, endUnixNs: unixNs || span.endUnixNs }
    const item = { ...times, ...{ traceId, spanId, traceState, resource }, attributes: { get } }
    return toEnd({ item, isError: false, own: attributes }, context) ?? []
  })
}

export function nameOf({
  eventName,
  attributes,
}: Pick<LogView, 'eventName' | 'attributes'>): string {
  return eventName || String(attributes.get('event.name') ?? '')
}

export function findEndOfLog(log: LogView, context: ServedContext): FoundEnd | undefined {
  const isError = log.severityNumber >= 17
  return toEnd({ item: toItem(log), isError, own: log.attributes }, context)
}

/** A log record as a span of no length. */
export function toItem(log: LogView): ServedItem {
  const { traceId, unixNs, attributes, origin } = log
  const times = { startUnixNs: unixNs, endUnixNs: unixNs }
  return { ...times, traceId, spanId: '', traceState: '', attributes, resource: origin.resource }
}

interface EndOptions {
  readonly item: ServedItem
  readonly isError: boolean
  /** Where the outcome stands. */
  readonly own: Pick<AttributesView, 'get'>
}

function toEnd({ item, isError, own }: EndOptions, context: ServedContext): FoundEnd | undefined {
  const requestId = readRequestId(item, context.meanings)
  if (requestId === '') return undefined
  const errorType = String(own.get('error.type') ?? '')
  const said = own.get(OUTCOME)
  // Whoever leaves the outcome out still says whether it was an error.
  const otherwise = isError || errorType !== '' ? 'failed' : 'ok'
  const outcome = OUTCOMES.includes(String(said)) ? (said as RequestOutcome) : otherwise
  const end = { said: toSaid(item, requestId, context), outcome, errorType, source: context.source }
  return { requestId, end }
}

/** What an item that is no SERVER span says of its request. */
export function toSaid(item: ServedItem, requestId: string, context: ServedContext): SaidRequest {
  const scoped = { attributes: item.attributes, resource: item.resource.attributes }
  const status = Number(item.attributes.get('http.response.status_code') ?? 0)
  const route = String(readMeaning(context.meanings.route, scoped) ?? '')
  const statusCode = status >= 0 && status <= 999 ? Math.trunc(status) : 0
  return toPlain(readWork(item, context), { requestId, route, statusCode })
}

/** Which of two ends of one request counts: the first, by their own time. */
export function firstEnd(known: RequestEnd | undefined, end: RequestEnd): RequestEnd {
  if (!known) return end
  const [a, b] = [rank(known), rank(end)]
  return a[0] < b[0] || (a[0] === b[0] && a[1] <= b[1]) ? known : end
}

function rank({ said, outcome }: RequestEnd): readonly [bigint, string] {
  return [said.endUnixNs, `${outcome} ${said.traceId} ${said.spanId}`]
}
