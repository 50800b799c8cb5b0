import { randomFillSync } from 'node:crypto'
import { REQUEST_TYPES } from '../decode/otlp-schema.ts'
import {
  findPlaces,
  MARK_NS,
  type PayloadEncoding,
  type Place,
  type SpanIds,
  USER_MARK,
} from './span-places.ts'

// The payload that all ingest figures are about: 1,000 spans per request, about 385 B per span in
// protobuf, 10 span and 5 resource attributes, one span in ten an error with an exception event.
// Encoded once; each request then gets fresh ids, users and times by writing over the bytes, so
// that the sender costs little beside what is measured.

export const SPANS_PER_REQUEST = 1_000
const USERS = 5_000
/** A trace id and a span id. */
const ID_BYTES = 24
const STACK = Array.from({ length: 3 }, (_, i) => `  at step${i} (/srv/app/pipeline.py:${100 + i})`)

export interface PayloadOptions {
  readonly spanCount?: number
  readonly encoding?: PayloadEncoding
}

export interface SpanPayload {
  /** Fresh bytes of one request, good until the next call. */
  next(): Uint8Array
  readonly byteCount: number
}

export function createSpanPayload(options: PayloadOptions = {}): SpanPayload {
  const { spanCount = SPANS_PER_REQUEST, encoding = 'protobuf' } = options
  const spans = Array.from({ length: spanCount }, (_, index) => createSpan(index))
  const bytes = encoding === 'json' ? toJson(spans) : toProtobuf(spans)
  const places = findPlaces({ bytes, spans, encoding })
  const ids = Buffer.alloc(ID_BYTES * spanCount)
  return {
    byteCount: bytes.length,
    next() {
      const nowNs = BigInt(Date.now()) * 1_000_000n
      randomFillSync(ids)
      const written = encoding === 'json' ? Buffer.from(ids.toString('hex'), 'latin1') : ids
      const idBytes = written.length / spanCount
      for (const [index, place] of places.entries()) {
        const id = index * idBytes
        written.copy(bytes, place.traceId, id, id + (idBytes * 2) / 3)
        written.copy(bytes, place.spanId, id + (idBytes * 2) / 3, id + idBytes)
        writeTimes(bytes, { place, encoding, startNs: nowNs - BigInt(index) * 1_000_000n })
        const user = String(Math.floor(Math.random() * USERS)).padStart(4, '0')
        bytes.write(user, place.user, 'latin1')
      }
      return bytes
    },
  }
}

function writeTimes(
  bytes: Buffer,
  given: { readonly place: Place; readonly encoding: PayloadEncoding; readonly startNs: bigint },
) {
  const { place, startNs } = given
  const endNs = startNs + 250_000_000n
  if (given.encoding === 'json') {
    bytes.write(String(startNs), place.start, 'latin1')
    bytes.write(String(endNs), place.end, 'latin1')
  } else {
    bytes.writeBigUInt64LE(startNs, place.start)
    bytes.writeBigUInt64LE(endNs, place.end)
  }
}

type PayloadSpan = ReturnType<typeof createSpan>

function toProtobuf(spans: readonly PayloadSpan[]): Buffer {
  const type = REQUEST_TYPES.traces
  return Buffer.from(type.encode(type.fromObject(toRequest(spans))).finish())
}

/** As OTLP writes JSON: ids in hex, 64-bit times as text. */
function toJson(spans: readonly PayloadSpan[]): Buffer {
  const hexOf = ({ traceId, spanId }: SpanIds) => ({
    traceId: traceId.toString('hex'),
    spanId: spanId.toString('hex'),
  })
  const written = spans.map((span) => ({ ...span, ...hexOf(span) }))
  return Buffer.from(JSON.stringify(toRequest(written)))
}

function toRequest(spans: readonly unknown[]) {
  const resource = {
    attributes: keyValues({
      'service.name': 'sd-worker',
      'service.version': '1.4.2',
      'service.instance.id': 'sd-worker-7c9d',
      'cloud.region': 'eu-central-1',
      'k8s.pod.name': 'sd-worker-7c9d-x2v9q',
    }),
  }
  return { resourceSpans: [{ resource, scopeSpans: [{ scope: { name: 'bench' }, spans }] }] }
}

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
      'user.id': `${USER_MARK}0000`,
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
