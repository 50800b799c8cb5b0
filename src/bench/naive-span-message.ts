import type { Int64, KeyValue, Resource, Scope } from '../decode/value-message.ts'

export interface TracesRequest {
  readonly resourceSpans: readonly ResourceSpans[]
}

interface ResourceSpans {
  readonly resource: Resource | null
  readonly scopeSpans: readonly { readonly scope: Scope | null; readonly spans: readonly Span[] }[]
}

export interface Span {
  readonly traceId: Uint8Array
  readonly spanId: Uint8Array
  readonly traceState: string
  readonly parentSpanId: Uint8Array
  readonly name: string
  readonly kind: number
  readonly startTimeUnixNano: Int64
  readonly endTimeUnixNano: Int64
  readonly attributes: readonly KeyValue[]
  readonly events: readonly SpanEvent[]
  readonly links: readonly SpanLink[]
  readonly status: { readonly message: string; readonly code: number } | null
}

interface SpanEvent {
  readonly timeUnixNano: Int64
  readonly name: string
  readonly attributes: readonly KeyValue[]
}

interface SpanLink {
  readonly traceId: Uint8Array
  readonly spanId: Uint8Array
  readonly traceState: string
  readonly attributes: readonly KeyValue[]
}
