import { crc32 } from 'node:zlib'
import type { OtlpRequest } from '../model/otlp.ts'

// A segment of the write-ahead log is a sequence of frames, one per export request:
//   magic "SBX1", body length (u32), signal (u8), encoding (u8), 0 (u16), received ms (f64),
//   crc32 of the 20 bytes before and the body (u32), body.
// All little-endian. Whatever does not check out ends the segment: a crash tears only its end.

const HEADER_BYTES = 24
const CRC_AT = 20
const MAGIC = 0x31584253
const SIGNALS = ['traces', 'logs', 'metrics'] as const
const ENCODINGS = ['protobuf', 'json', 'ndjson'] as const

/** Bytes that one request takes in the log. */
export const frameBytes = (request: OtlpRequest): number => HEADER_BYTES + request.body.byteLength

/** The frame as two chunks; the body is not copied. */
export function encodeFrame(request: OtlpRequest): readonly [Buffer, Uint8Array] {
  const header = Buffer.alloc(HEADER_BYTES)
  header.writeUInt32LE(MAGIC, 0)
  header.writeUInt32LE(request.body.byteLength, 4)
  header.writeUInt8(SIGNALS.indexOf(request.signal), 8)
  header.writeUInt8(ENCODINGS.indexOf(request.encoding), 9)
  header.writeDoubleLE(request.receivedUnixMs, 12)
  const sum = crc32(request.body, crc32(header.subarray(0, CRC_AT)))
  header.writeUInt32LE(sum, CRC_AT)
  return [header, request.body]
}

/** The whole frames at the start of `bytes`, and how many bytes they take. */
export function decodeFrames(bytes: Buffer): { requests: OtlpRequest[]; validBytes: number } {
  const requests: OtlpRequest[] = []
  let validBytes = 0
  for (;;) {
    const request = decodeFrame(bytes.subarray(validBytes))
    if (request === undefined) return { requests, validBytes }
    requests.push(request)
    validBytes += frameBytes(request)
  }
}

function decodeFrame(bytes: Buffer): OtlpRequest | undefined {
  if (bytes.length < HEADER_BYTES || bytes.readUInt32LE(0) !== MAGIC) return undefined
  const end = HEADER_BYTES + bytes.readUInt32LE(4)
  if (bytes.length < end) return undefined
  const body = bytes.subarray(HEADER_BYTES, end)
  if (crc32(body, crc32(bytes.subarray(0, CRC_AT))) !== bytes.readUInt32LE(CRC_AT)) return undefined
  const signal = SIGNALS[bytes.readUInt8(8)]
  const encoding = ENCODINGS[bytes.readUInt8(9)]
  if (signal === undefined || encoding === undefined) return undefined
  return { signal, encoding, body, receivedUnixMs: bytes.readDoubleLE(12) }
}
