import type { TakenRequest } from '../model/otlp.ts'

// What is remembered of a request, as it lies on disk: key (16 bytes), received ms (f64), items
// accepted (u32) and refused (u32), little-endian.

export const MARK_BYTES = 32
const KEY_BYTES = 16

export interface MarkPlace {
  readonly bytes: Buffer
  readonly at: number
}

export function writeMark({ bytes, at }: MarkPlace, taken: TakenRequest): void {
  bytes.write(taken.onceKey, at, KEY_BYTES, 'latin1')
  bytes.writeDoubleLE(taken.receivedUnixMs, at + KEY_BYTES)
  bytes.writeUInt32LE(taken.itemCount, at + KEY_BYTES + 8)
  bytes.writeUInt32LE(taken.rejectedCount, at + KEY_BYTES + 12)
}

export function readMark({ bytes, at }: MarkPlace): TakenRequest {
  return {
    onceKey: bytes.toString('latin1', at, at + KEY_BYTES),
    receivedUnixMs: bytes.readDoubleLE(at + KEY_BYTES),
    itemCount: bytes.readUInt32LE(at + KEY_BYTES + 8),
    rejectedCount: bytes.readUInt32LE(at + KEY_BYTES + 12),
  }
}
