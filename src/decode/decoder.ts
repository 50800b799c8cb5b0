import type { Timings } from '../config/timings.ts'
import type { Topology } from '../config/topology.ts'
import type { DecodedBatch, DecodeResult } from '../model/batch.ts'
import type { Block } from '../model/block.ts'
import type { LineReport, OtlpRequest } from '../model/otlp.ts'
import { createAdmission } from './admission.ts'
import { type AgeLimit, createAgeLimit } from './age-limit.ts'
import { BadTelemetry } from './bad-telemetry.ts'
import type { JobEvents } from './jobs.ts'
import { createJsonConverter, type JsonConverter } from './json-to-protobuf.ts'
import type { Mapper } from './mapped.ts'
import { readNdjson } from './ndjson.ts'
import { REMOTE_WRITE_LIMITS, toMetricsRequest } from './remote-write.ts'
import { createRemoteWriteMemory, type RemoteWriteMemory } from './remote-write-memory.ts'
import type { ResourceOptions } from './resource.ts'
import { createSignals, type Found } from './signals.ts'
import { createTables, type TablesOptions } from './tables.ts'
import type { SpanInterest } from './watched.ts'

// One pass over the bytes of an export request: rows of ClickHouse columns into the open blocks, and
// observations for whoever judges. OTLP/JSON and plain lines become protobuf first, so that there is
// one reader for all. Total: whatever the bytes, there is an answer, and a request that turns out to
// be bad leaves nothing behind.

export interface DecoderOptions extends ResourceOptions, TablesOptions {
  /** Read for every batch, since the failover file may be reloaded. */
  topology(): Topology
  /** Items older than this are refused: storage would drop them at once. */
  readonly retentionMs: number
  readonly timings: Pick<Timings, 'attemptMemoryMs'>
  /** Of routers that do not know us. */
  readonly mapper: Mapper
  /** Read for every batch, since rules may be reloaded. */
  spanInterest(): SpanInterest
  /**
   * Every key that a rule may read of spans, attempts or requests, or of log records: read for every
   * batch, too; the same array as long as rules are the same.
   */
  keysRead(signal: 'traces' | 'logs'): readonly string[]
  /** For metrics of asynchronous requests. */
  readonly jobEvents?: JobEvents
}

export interface Decoder {
  /**
   * Turns an export request into rows of the open blocks, and observations. The rows can be taken
   * back until the next request is decoded. A bad request leaves no trace, not even in the memories
   * that join requests with attempts.
   */
  decode(request: OtlpRequest): DecodeResult
  /**
   * To be called about once a second: asynchronous requests whose deadline has passed become rows
   * and observations, 10,000 at most. Their rows can be taken back likewise; then they come again.
   */
  tick(nowUnixMs: number, seenAtUnixNs?: bigint): DecodedBatch
  /** The rows of all requests since it was last called; blocks are good until it is called again. */
  seal(): readonly Block[]
}

/** About what a row of a request takes in the log. */
const ROW_BYTES = 300

export function createDecoder(options: DecoderOptions): Decoder {
  const tables = createTables(options)
  const signals = createSignals({ ...options, tables })
  const json = createJsonConverter()
  const converting = { ...options, json, remoteWrite: createRemoteWriteMemory() }
  const { privacy } = options
  const rows = () => ({
    rowCount: tables.rowsSinceMark(),
    discard() {
      tables.rollback()
      signals.forgetLast()
    },
  })
  return {
    seal: () => tables.seal(),
    tick(nowUnixMs, seenAtUnixNs = msToNs(nowUnixMs)) {
      tables.mark(seenAtUnixNs)
      const found = signals.tick(nowUnixMs)
      const own = rows()
      const nothing = { rejectedCount: 0, rejectedReason: '', withheld: [] }
      return { ...found, ...nothing, ...own, byteCount: own.rowCount * ROW_BYTES }
    },
    decode(request) {
      const limit = createAgeLimit({ ...request, retentionMs: options.retentionMs })
      tables.mark(request.seenAtUnixNs ?? msToNs(request.receivedUnixMs))
      try {
        const converted = toProtobuf(request, converting)
        const { lines } = converted
        if (lines && lines.acceptedCount === 0 && lines.refusedCount > 0)
          return { status: 'bad', reason: reasonOf(lines), lines }
        const admission = createAdmission(limit)
        const { receivedUnixMs } = request
        const found = signals[request.signal](converted.body, { admission, receivedUnixMs })
        const batch = toBatch({ privacy, request, found, limit, converted, rows: rows() })
        return { status: 'ok', batch }
      } catch (fault) {
        tables.rollback()
        privacy.tally.take()
        if (fault instanceof BadTelemetry) return { status: 'bad', reason: fault.message }
        throw fault
      }
    },
  }
}

const msToNs = (unixMs: number) => BigInt(Math.floor(unixMs)) * 1_000_000n

interface Converted {
  readonly body: Buffer
  readonly lines?: LineReport
  /** Items that OTLP cannot hold, and why. */
  readonly refusedCount?: number
  readonly refusedReason?: string
}

function toProtobuf(
  request: OtlpRequest,
  options: DecoderOptions & {
    readonly json: JsonConverter
    readonly remoteWrite: RemoteWriteMemory
  },
): Converted {
  switch (request.encoding) {
    case 'json':
      return { body: options.json.toProtobuf(request) }
    case 'ndjson': {
      const { request: body, lines } = readNdjson(request, options)
      return { body, lines }
    }
    case 'remote-write': {
      const { remoteWrite: memory } = options
      const written = toMetricsRequest(request.body, { limits: REMOTE_WRITE_LIMITS, memory })
      return { ...written, body: toBuffer(written.body) }
    }
    case 'protobuf':
      return { body: toBuffer(request.body) }
  }
}

function toBuffer({ buffer, byteOffset, byteLength }: Uint8Array): Buffer {
  return Buffer.from(buffer, byteOffset, byteLength)
}

interface BatchOptions extends Pick<DecoderOptions, 'privacy'> {
  readonly request: OtlpRequest
  readonly found: Found
  readonly limit: AgeLimit
  readonly converted: Converted
  readonly rows: Pick<DecodedBatch, 'rowCount' | 'discard'>
}

function toBatch(options: BatchOptions): DecodedBatch {
  const { request, found, limit, converted, privacy, rows } = options
  const { lines, refusedCount = 0, refusedReason = '' } = converted
  const refused = lines
    ? { rejectedCount: lines.refusedCount, rejectedReason: reasonOf(lines) }
    : {
        rejectedCount: limit.rejectedCount + refusedCount,
        rejectedReason: [limit.reason, refusedReason].filter(Boolean).join(', '),
      }
  return {
    observations: found.observations,
    ...(found.columns && { columns: found.columns }),
    itemCount: found.itemCount,
    rejectedCount: refused.rejectedCount,
    rejectedReason: refused.rejectedReason,
    rowCount: rows.rowCount,
    discard: rows.discard,
    ...(lines && { lines }),
    // What plain lines had of them was counted where the lines were cleaned.
    withheld: privacy.tally.take().filter(({ action }) => !lines || action === 'drop'),
    byteCount: request.body.byteLength,
  }
}

function reasonOf({ refused }: LineReport): string {
  return refused[0] ? `line ${refused[0].line}: ${refused[0].reason}` : ''
}
