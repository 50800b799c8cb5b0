import { crc32 } from 'node:zlib'
import type { OtlpRequest, TakenRequest } from '../model/otlp.ts'

// A segment of the write-ahead log is a sequence of frames, one per export request:
//   magic "SBX1", body length (u32), signal (u8), encoding (u8), length of the mark (u16),
//   received ms (f64), crc32 of everything else (u32), mark, body.
// The mark is what is remembered of the request: its key (16 bytes) and how many of its items were
// accepted (u32) and refused (u32); or nothing. All little-endian. Whatever does not check out ends
// the segment: a crash tears only its end.

const HEADER_BYTES = 24
const CRC_AT = 20
const KEY_BYTES = 16
const MARK_BYTES = KEY_BYTES + 8
const MAGIC = 0x31584253
const SIGNALS = ['traces', 'logs', 'metrics'] as const
const ENCODINGS = ['protobuf', 'json', 'ndjson', 'remote-write'] as const

/** Bytes that one request takes in the log. */
export const frameBytes = (request: OtlpRequest): number =>
  HEADER_BYTES + (request.onceKey === undefined ? 0 : MARK_BYTES) + request.body.byteLength

/** The frame as two chunks; the body is not copied. */
export function encodeFrame(
  request: OtlpRequest,
  { itemCount, rejectedCount }: Pick<TakenRequest, 'itemCount' | 'rejectedCount'>,
): readonly [Buffer, Uint8Array] {
  const markBytes = request.onceKey === undefined ? 0 : MARK_BYTES
  const header = Buffer.alloc(HEADER_BYTES + markBytes)
  header.writeUInt32LE(MAGIC, 0)
  header.writeUInt32LE(request.body.byteLength, 4)
  header.writeUInt8(SIGNALS.indexOf(request.signal), 8)
  header.writeUInt8(ENCODINGS.indexOf(request.encoding), 9)
  header.writeUInt16LE(markBytes, 10)
  header.writeDoubleLE(request.receivedUnixMs, 12)
  if (request.onceKey !== undefined) {
    header.write(request.onceKey, HEADER_BYTES, KEY_BYTES, 'latin1')
    header.writeUInt32LE(itemCount, HEADER_BYTES + KEY_BYTES)
    header.writeUInt32LE(rejectedCount, HEADER_BYTES + KEY_BYTES + 4)
  }
  header.writeUInt32LE(sumOf(header, request.body), CRC_AT)
  return [header, request.body]
}

/** The whole frames at the start of `bytes`, and how many bytes they take. */
export function decodeFrames(bytes: Buffer): {
  readonly requests: OtlpRequest[]
  /** Of those requests that carry a mark. */
  readonly taken: TakenRequest[]
  readonly validBytes: number
} {
  const requests: OtlpRequest[] = []
  const taken: TakenRequest[] = []
  let validBytes = 0
  for (;;) {
    const frame = decodeFrame(bytes.subarray(validBytes))
    if (frame === undefined) return { requests, taken, validBytes }
    requests.push(frame.request)
    if (frame.taken) taken.push(frame.taken)
    validBytes += frameBytes(frame.request)
  }
}

interface Frame {
  readonly request: OtlpRequest
  readonly taken: TakenRequest | undefined
}

function decodeFrame(bytes: Buffer): Frame | undefined {
  if (bytes.length < HEADER_BYTES || bytes.readUInt32LE(0) !== MAGIC) return undefined
  const markBytes = bytes.readUInt16LE(10)
  if (markBytes !== 0 && markBytes !== MARK_BYTES) return undefined
  const bodyAt = HEADER_BYTES + markBytes
  const end = bodyAt + bytes.readUInt32LE(4)
  if (bytes.length < end) return undefined
  const body = bytes.subarray(bodyAt, end)
  if (sumOf(bytes.subarray(0, bodyAt), body) !== bytes.readUInt32LE(CRC_AT)) return undefined
  const signal = SIGNALS[bytes.readUInt8(8)]
  const encoding = ENCODINGS[bytes.readUInt8(9)]
  if (signal === undefined || encoding === undefined) return undefined
  const request = { signal, encoding, body, receivedUnixMs: bytes.readDoubleLE(12) }
  if (markBytes === 0) return { request, taken: undefined }
  const onceKey = bytes.toString('latin1', HEADER_BYTES, HEADER_BYTES + KEY_BYTES)
  const itemCount = bytes.readUInt32LE(HEADER_BYTES + KEY_BYTES)
  const rejectedCount = bytes.readUInt32LE(HEADER_BYTES + KEY_BYTES + 4)
  const { receivedUnixMs } = request
  return {
    request: { ...request, onceKey },
    taken: { onceKey, receivedUnixMs, itemCount, rejectedCount },
  }
}

function sumOf(header: Buffer, body: Uint8Array): number {
  const head = crc32(header.subarray(0, CRC_AT))
  return crc32(body, crc32(header.subarray(HEADER_BYTES), head))
}
