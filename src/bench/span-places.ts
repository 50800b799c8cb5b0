// Where the bytes of an encoded payload are that change from request to request.

export type PayloadEncoding = 'protobuf' | 'json'

export const MARK_NS = 1_700_000_000_123_456_789n
export const USER_MARK = 'user-'

/** Offsets of one span. */
export interface Place {
  readonly traceId: number
  readonly spanId: number
  /** Of a span that has one. */
  readonly parentSpanId: number | undefined
  readonly start: number
  readonly end: number
  readonly user: number
}

export interface SpanIds {
  readonly traceId: Buffer
  readonly spanId: Buffer
  readonly parentSpanId?: Buffer
}

/** Ids are random, so they occur once; a span's times follow its ids, and its user its times. */
export function findPlaces(payload: {
  readonly bytes: Buffer
  readonly spans: readonly SpanIds[]
  readonly encoding: PayloadEncoding
}): Place[] {
  const { bytes, spans, encoding } = payload
  const isJson = encoding === 'json'
  const written = (id: Buffer) => (isJson ? Buffer.from(id.toString('hex')) : id)
  const mark = isJson ? Buffer.from(String(MARK_NS)) : Buffer.alloc(8)
  if (!isJson) mark.writeBigUInt64LE(MARK_NS)
  return spans.map((span) => {
    const traceId = bytes.indexOf(written(span.traceId))
    const spanId = bytes.indexOf(written(span.spanId), traceId)
    const { parentSpanId: parent } = span
    const parentSpanId = parent && bytes.indexOf(written(parent), traceId)
    const start = bytes.indexOf(mark, spanId)
    const end = bytes.indexOf(mark, start + mark.length)
    const user = bytes.indexOf(USER_MARK, end) + USER_MARK.length
    return { traceId, spanId, parentSpanId, start, end, user }
  })
}
