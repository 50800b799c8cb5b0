import { randomFillSync } from 'node:crypto'
import { REQUEST_TYPES } from '../decode/otlp-schema.ts'

// The payload that all ingest figures are about: 1,000 spans per request, about 385 B per span in
// protobuf, 10 span and 5 resource attributes, one span in ten an error with an exception event.
// Encoded once; each request then gets fresh ids, users and times by writing over the bytes, so
// that the sender costs little beside what is measured.

export const SPANS_PER_REQUEST = 1_000
const USERS = 5_000
/** A trace id and a span id. */
const ID_BYTES = 24
const STACK = Array.from({ length: 3 }, (_, i) => `  at step${i} (/srv/app/pipeline.py:${100 + i})`)

export interface SpanPayload {
  /** Fresh bytes of one request, good until the next call. */
  next(): Uint8Array
  readonly byteCount: number
}

export function createSpanPayload(): SpanPayload {
  const type = REQUEST_TYPES.traces
  const spans = Array.from({ length: SPANS_PER_REQUEST }, (_, index) => createSpan(index))
  const resource = {
    attributes: keyValues({
      'service.name': 'sd-worker',
      'service.version': '1.4.2',
      'service.instance.id': 'sd-worker-7c9d',
      'cloud.region': 'eu-central-1',
      'k8s.pod.name': 'sd-worker-7c9d-x2v9q',
    }),
  }
  const scopeSpans = [{ scope: { name: 'bench' }, spans }]
  const encoded = type.encode(type.fromObject({ resourceSpans: [{ resource, scopeSpans }] }))
  const bytes = Buffer.from(encoded.finish())
  const places = findPlaces(bytes, spans)
  const ids = Buffer.alloc(ID_BYTES * SPANS_PER_REQUEST)
  return {
    byteCount: bytes.length,
    next() {
      const nowNs = BigInt(Date.now()) * 1_000_000n
      randomFillSync(ids)
      for (const [index, place] of places.entries()) {
        const id = index * ID_BYTES
        ids.copy(bytes, place.traceId, id, id + 16)
        ids.copy(bytes, place.spanId, id + 16, id + ID_BYTES)
        const startNs = nowNs - BigInt(index) * 1_000_000n
        bytes.writeBigUInt64LE(startNs, place.start)
        bytes.writeBigUInt64LE(startNs + 250_000_000n, place.end)
        const user = String(Math.floor(Math.random() * USERS)).padStart(4, '0')
        bytes.write(user, place.user, 'latin1')
      }
      return bytes
    },
  }
}

interface Place {
  readonly traceId: number
  readonly spanId: number
  readonly start: number
  readonly end: number
  readonly user: number
}

/** Where each span's changing bytes are: its ids are random, so they occur once. */
function findPlaces(bytes: Buffer, spans: readonly { traceId: Buffer; spanId: Buffer }[]): Place[] {
  const times = Buffer.alloc(8)
  times.writeBigUInt64LE(MARK_NS)
  return spans.map((span) => {
    const traceId = bytes.indexOf(span.traceId)
    const spanId = bytes.indexOf(span.spanId, traceId)
    const start = bytes.indexOf(times, spanId)
    // A fixed64 and the next one's tag.
    return { traceId, spanId, start, end: start + 9, user: bytes.indexOf('user-', start) + 5 }
  })
}

const MARK_NS = 1_700_000_000_123_456_789n

function createSpan(index: number) {
  const isError = index % 10 === 0
  const exception = {
    timeUnixNano: String(MARK_NS + 1n),
    name: 'exception',
    attributes: keyValues({
      'exception.type': 'torch.OutOfMemoryError',
      'exception.message': 'CUDA out of memory. Tried to allocate 1.35 GiB.',
      'exception.stacktrace': STACK.join('\n'),
    }),
  }
  return {
    traceId: randomFillSync(Buffer.alloc(16)),
    spanId: randomFillSync(Buffer.alloc(8)),
    name: 'POST /v1/images',
    kind: 2,
    startTimeUnixNano: String(MARK_NS),
    endTimeUnixNano: String(MARK_NS),
    attributes: keyValues({
      'http.request.method': 'POST',
      'http.route': '/v1/images',
      'http.response.status_code': isError ? 500 : 200,
      'url.path': '/v1',
      'server.address': 'sd-1',
      'user.id': 'user-0000',
      'gen_ai.request.model': 'sd-xl-1.0',
      'signalbox.class': 'txt2img/1024/30',
      'signalbox.stage': 'encode',
      'signalbox.images': 4,
    }),
    events: isError ? [exception] : [],
    status: isError ? { code: 2, message: 'inference failed' } : { code: 0 },
  }
}

function keyValues(values: Readonly<Record<string, string | number>>) {
  return Object.entries(values).map(([key, value]) => ({
    key,
    value: typeof value === 'number' ? { intValue: value } : { stringValue: value },
  }))
}
