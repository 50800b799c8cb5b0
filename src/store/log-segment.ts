import { readFile, stat, truncate } from 'node:fs/promises'
import type { DecodedBatch, DecodeResult, Row } from '../model/batch.ts'
import { ONCE_MS, type OtlpRequest, type TakenRequest } from '../model/otlp.ts'
import type { StoreEvents } from '../telemetry/store-events.ts'
import { decodeFrames } from './log-frames.ts'

/** One file of the write-ahead log: loaded with one insert per table, then deleted. */
export interface Segment {
  /** Unique for ever; sorts by age. Part of the deduplication token. */
  readonly id: string
  readonly file: string
  bytes: number
  rowCount: number
  /** By table, in the order of arrival. Undefined: only on disk, to be read back. */
  rows: Map<string, Row[]> | undefined
  /** What must be remembered of its requests when it is gone. */
  taken: readonly TakenRequest[]
}

/** Adds a batch behind the rows that are there. */
export function addRows(rows: Map<string, Row[]>, batch: Pick<DecodedBatch, 'rows'>): number {
  let count = 0
  for (const [table, added] of batch.rows) {
    const known = rows.get(table) ?? []
    rows.set(table, known)
    for (const row of added) known.push(row)
    count += added.length
  }
  return count
}

export interface ReadOptions {
  readonly decode: (request: OtlpRequest) => DecodeResult
  readonly events: Pick<StoreEvents, 'tornTail' | 'frameUndecodable'>
}

/**
 * The rows of a segment on disk: the same, in the same order, as when they arrived. A torn end was
 * never answered; it is cut off, so that it is counted once.
 */
export async function readSegment(
  segment: Segment,
  { decode, events }: ReadOptions,
): Promise<Map<string, Row[]>> {
  const bytes = await readFile(segment.file)
  const { requests, validBytes } = decodeFrames(bytes)
  if (validBytes < bytes.length) {
    events.tornTail({ segment: segment.id, bytes: bytes.length - validBytes })
    await truncate(segment.file, validBytes)
  }
  const rows = new Map<string, Row[]>()
  for (const request of requests) {
    const result = decode(request)
    if (result.status === 'ok') addRows(rows, result.batch)
    else events.frameUndecodable({ segment: segment.id, reason: result.reason })
  }
  return rows
}

/**
 * What must still be remembered of a segment that an earlier run left. An old one is not even read:
 * there may be gigabytes of them after an outage.
 */
export async function readTaken(segment: Segment, nowUnixMs: number): Promise<TakenRequest[]> {
  if (nowUnixMs - (await stat(segment.file)).mtimeMs > ONCE_MS) return []
  return decodeFrames(await readFile(segment.file)).taken
}
