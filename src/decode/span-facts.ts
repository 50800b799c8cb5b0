import { type Attributes, readAttributes } from './attributes.ts'
import { readSpanId, readTraceId } from './ids.ts'
import { toUnixNs } from './int64.ts'
import { type ResourceFacts, type ResourceOptions, readResource } from './resource.ts'
import type { Span, TracesRequest } from './span-message.ts'

const KINDS = ['Unspecified', 'Internal', 'Server', 'Client', 'Producer', 'Consumer'] as const
const STATUSES = ['Unset', 'Ok', 'Error'] as const

/** One span, checked, in our own words; holds no part of the request's bytes. */
export interface SpanFacts {
  readonly resource: ResourceFacts
  readonly scopeName: string
  readonly scopeVersion: string
  /** Lower-case hex, '' when unset. */
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId: string
  readonly traceState: string
  readonly name: string
  readonly kind: (typeof KINDS)[number]
  readonly startUnixNs: bigint
  readonly endUnixNs: bigint
  readonly status: (typeof STATUSES)[number]
  readonly statusMessage: string
  readonly attributes: Attributes
  readonly events: readonly EventFacts[]
  readonly links: readonly LinkFacts[]
}

export interface EventFacts {
  readonly unixNs: bigint
  readonly name: string
  readonly attributes: Attributes
}

interface LinkFacts {
  readonly traceId: string
  readonly spanId: string
  readonly traceState: string
  readonly attributes: Attributes
}

/**
 * All spans of a request, in the order of its bytes.
 * @throws BadTelemetry for an id of wrong length
 */
export function readSpans(request: TracesRequest, options: ResourceOptions): SpanFacts[] {
  return request.resourceSpans.flatMap(({ resource, scopeSpans }) => {
    const facts = readResource(resource, options)
    return scopeSpans.flatMap(({ scope, spans }) =>
      spans.map((span) => ({
        resource: facts,
        scopeName: scope?.name ?? '',
        scopeVersion: scope?.version ?? '',
        ...readSpan(span),
      })),
    )
  })
}

function readSpan(span: Span): Omit<SpanFacts, 'resource' | 'scopeName' | 'scopeVersion'> {
  return {
    traceId: readTraceId(span.traceId),
    spanId: readSpanId(span.spanId),
    parentSpanId: readSpanId(span.parentSpanId),
    traceState: span.traceState,
    name: span.name,
    kind: KINDS[span.kind] ?? 'Unspecified',
    startUnixNs: toUnixNs(span.startTimeUnixNano),
    endUnixNs: toUnixNs(span.endTimeUnixNano),
    status: STATUSES[span.status?.code ?? 0] ?? 'Unset',
    statusMessage: span.status?.message ?? '',
    attributes: readAttributes(span.attributes),
    events: span.events.map((event) => ({
      unixNs: toUnixNs(event.timeUnixNano),
      name: event.name,
      attributes: readAttributes(event.attributes),
    })),
    links: span.links.map((link) => ({
      traceId: readTraceId(link.traceId),
      spanId: readSpanId(link.spanId),
      traceState: link.traceState,
      attributes: readAttributes(link.attributes),
    })),
  }
}
