import { crc32 } from 'node:zlib'
import type { TakenRequest } from '../model/otlp.ts'
import { MARK_BYTES, readMark, writeMark } from './taken-mark.ts'

// The journal of a segment is a sequence of frames, one per group of requests that were synced
// together. A frame says which blocks the group added to the segment's table files, and which
// requests they answer:
//   magic "SBX2", length of the block list (u32), number of marks (u32), crc32 of everything else
//   (u32), block list (JSON), marks.
// All little-endian. Whatever does not check out ends the journal: a crash tears only its end.

/** One block in its table's file; they lie there one after the other, in the order of the frames. */
export interface FramedBlock {
  readonly table: string
  /** At the first use of the table in its segment only; they are the same for all of its blocks. */
  readonly columns?: readonly string[]
  readonly rowCount: number
  readonly byteCount: number
  readonly crc: number
}

export interface Frame {
  readonly blocks: readonly FramedBlock[]
  readonly taken: readonly TakenRequest[]
}

const HEADER_BYTES = 16
const CRC_AT = 12
const MAGIC = 0x32584253

export function encodeFrame({ blocks, taken }: Frame): Buffer {
  const list = Buffer.from(JSON.stringify(blocks))
  const marksAt = HEADER_BYTES + list.length
  const bytes = Buffer.alloc(marksAt + taken.length * MARK_BYTES)
  bytes.writeUInt32LE(MAGIC, 0)
  bytes.writeUInt32LE(list.length, 4)
  bytes.writeUInt32LE(taken.length, 8)
  list.copy(bytes, HEADER_BYTES)
  for (const [index, one] of taken.entries()) {
    writeMark({ bytes, at: marksAt + index * MARK_BYTES }, one)
  }
  bytes.writeUInt32LE(sumOf(bytes), CRC_AT)
  return bytes
}

/** The whole frames at the start of `bytes`, each with where it ends. */
export function decodeFrames(bytes: Buffer): (Frame & { readonly endsAt: number })[] {
  const frames: (Frame & { readonly endsAt: number })[] = []
  for (let at = 0; ; ) {
    const frame = decodeFrame(bytes.subarray(at))
    if (frame === undefined) return frames
    at += frame.byteCount
    frames.push({ blocks: frame.blocks, taken: frame.taken, endsAt: at })
  }
}

function decodeFrame(bytes: Buffer): (Frame & { readonly byteCount: number }) | undefined {
  if (bytes.length < HEADER_BYTES || bytes.readUInt32LE(0) !== MAGIC) return undefined
  const marksAt = HEADER_BYTES + bytes.readUInt32LE(4)
  const markCount = bytes.readUInt32LE(8)
  const byteCount = marksAt + markCount * MARK_BYTES
  if (bytes.length < byteCount) return undefined
  const frame = bytes.subarray(0, byteCount)
  if (sumOf(frame) !== frame.readUInt32LE(CRC_AT)) return undefined
  return {
    blocks: JSON.parse(frame.toString('utf8', HEADER_BYTES, marksAt)) as FramedBlock[],
    taken: Array.from({ length: markCount }, (_, index) =>
      readMark({ bytes: frame, at: marksAt + index * MARK_BYTES }),
    ),
    byteCount,
  }
}

const sumOf = (frame: Buffer) =>
  crc32(frame.subarray(HEADER_BYTES), crc32(frame.subarray(0, CRC_AT)))
