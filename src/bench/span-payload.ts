import { randomFillSync } from 'node:crypto'
import { REQUEST_TYPES } from '../decode/otlp-schema.ts'
import { createSpan, type PayloadSender, type SampleSpan, toExportRequest } from './sample-spans.ts'
import { findPlaces, type PayloadEncoding, type Place } from './span-places.ts'

// The payload that all ingest figures are about: 1,000 spans per request, about 385 B per span in
// protobuf, 10 span and 5 resource attributes, one span in ten an error with an exception event.
// Encoded once; each request then gets fresh ids, users and times by writing over the bytes, so
// that the sender costs little beside what is measured.

export const SPANS_PER_REQUEST = 1_000
const USERS = 5_000
/** A trace id and a span id. */
const ID_BYTES = 24

export interface PayloadOptions {
  readonly spanCount?: number
  readonly encoding?: PayloadEncoding
  /** Default `plain`. */
  readonly sender?: PayloadSender
}

export interface SpanPayload {
  /** Fresh bytes of one request, good until the next call. */
  next(): Uint8Array
  readonly byteCount: number
}

export function createSpanPayload(options: PayloadOptions = {}): SpanPayload {
  const { spanCount = SPANS_PER_REQUEST, encoding = 'protobuf', sender = 'plain' } = options
  const spans = Array.from({ length: spanCount }, (_, index) => createSpan(sender, index))
  const bytes = encoding === 'json' ? toJson(sender, spans) : toProtobuf(sender, spans)
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
        writeIds(bytes, place, { written, idBytes, at: index * idBytes })
        writeTimes(bytes, { place, encoding, startNs: nowNs - BigInt(index) * 1_000_000n })
        const user = String(Math.floor(Math.random() * USERS)).padStart(4, '0')
        bytes.write(user, place.user, 'latin1')
      }
      return bytes
    },
  }
}

/** What has a parent is of the trace of the span before it, and that one is its parent. */
function writeIds(
  bytes: Buffer,
  { traceId, spanId, parentSpanId }: Place,
  given: { readonly written: Buffer; readonly idBytes: number; readonly at: number },
) {
  const { written, idBytes, at } = given
  const traceBytes = (idBytes * 2) / 3
  const above = parentSpanId === undefined ? at : at - idBytes
  written.copy(bytes, traceId, above, above + traceBytes)
  written.copy(bytes, spanId, at + traceBytes, at + idBytes)
  if (parentSpanId !== undefined)
    written.copy(bytes, parentSpanId, above + traceBytes, above + idBytes)
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

function toProtobuf(sender: PayloadSender, spans: readonly SampleSpan[]): Buffer {
  const type = REQUEST_TYPES.traces
  return Buffer.from(type.encode(type.fromObject(toExportRequest(sender, spans))).finish())
}

/** As OTLP writes JSON: ids in hex, 64-bit times as text. */
function toJson(sender: PayloadSender, spans: readonly SampleSpan[]): Buffer {
  const written = spans.map(({ traceId, spanId, parentSpanId, ...span }) => ({
    traceId: traceId.toString('hex'),
    spanId: spanId.toString('hex'),
    ...(parentSpanId && { parentSpanId: parentSpanId.toString('hex') }),
    ...span,
  }))
  return Buffer.from(JSON.stringify(toExportRequest(sender, written)))
}
