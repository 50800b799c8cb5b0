import type { Timings } from '../config/timings.ts'
import type { Topology } from '../config/topology.ts'
import type { DecodedBatch, DecodeResult, Row } from '../model/batch.ts'
import type { Observation } from '../model/observation.ts'
import type { OtlpRequest, Signal } from '../model/otlp.ts'
import { type AgeLimit, createAgeLimit } from './age-limit.ts'
import { BadTelemetry } from './bad-telemetry.ts'
import { createDerivation } from './derive.ts'
import { toUnixMs } from './int64.ts'
import { type LogFacts, readLogs, toLogRow } from './log-facts.ts'
import type { LogsRequest } from './log-message.ts'
import { readPoints, toPointRow } from './metric-facts.ts'
import type { MetricsRequest } from './metric-message.ts'
import { readNdjson } from './ndjson.ts'
import { observeLog } from './observe-log.ts'
import { observePoint } from './observe-point.ts'
import { observeSpan } from './observe-span.ts'
import { readRequest } from './read-request.ts'
import type { ResourceFacts, ResourceOptions } from './resource.ts'
import { createRouterServices } from './router-services.ts'
import { toAttemptRow, toRequestRow } from './served-row.ts'
import { readSpans } from './span-facts.ts'
import type { TracesRequest } from './span-message.ts'
import { toSpanRow } from './span-row.ts'

// The reference decoder: a library's objects, then plain steps, one file each: read the message,
// check it into facts, derive attempts and requests, write rows and observations. Slow and easy to
// believe; it stays as what any faster decoder is compared with.

export interface DecoderOptions extends ResourceOptions {
  /** Read for every batch, since the failover file may be reloaded. */
  topology(): Topology
  /** Items older than this are refused: storage would drop them at once. */
  readonly retentionMs: number
  readonly timings: Pick<Timings, 'attemptMemoryMs'>
}

export interface Decoder {
  /**
   * Turns an export request into rows and observations. Total: whatever the bytes, it answers.
   * A bad request leaves no trace, not even in the memories that join requests with attempts.
   */
  decode(request: OtlpRequest): DecodeResult
}

/** What a signal's items become, before they are one batch. */
interface Found extends Pick<DecodedBatch, 'observations' | 'itemCount'> {
  readonly rows: Map<string, Row[]>
}

type Read = (message: unknown, request: OtlpRequest, limit: AgeLimit) => Found

interface Readers extends Readonly<Record<Signal, Read>> {
  /** Plain log lines: they have no message, and are refused one by one. */
  lines(request: OtlpRequest): DecodeResult
}

export function createDecoder(options: DecoderOptions): Decoder {
  const readers = createReaders(options)
  return {
    decode(request) {
      const limit = createAgeLimit({ ...request, retentionMs: options.retentionMs })
      try {
        if (request.encoding === 'ndjson') return readers.lines(request)
        const found = readers[request.signal](readRequest(request), request, limit)
        return { status: 'ok', batch: { ...found, ...countsOf(limit) } }
      } catch (fault) {
        if (fault instanceof BadTelemetry) return { status: 'bad', reason: fault.message }
        throw fault
      }
    },
  }
}

function countsOf({ rejectedCount, reason }: AgeLimit) {
  return { rejectedCount, rejectedReason: reason }
}

function createReaders(options: DecoderOptions): Readers {
  const { meanings } = options
  const routerServices = createRouterServices()
  const derive = createDerivation({ ...options, routerServices })
  const observing = (resource: ResourceFacts, { receivedUnixMs }: OtlpRequest) => ({
    meanings,
    source: routerServices.sourceOf(resource, receivedUnixMs),
  })
  const toFound = (logs: readonly LogFacts[], request: OtlpRequest): Found => ({
    rows: tables({ otel_logs: logs.map(toLogRow) }),
    observations: logs.map((log) => observeLog(log, observing(log.origin.resource, request))),
    itemCount: logs.length,
  })
  return {
    lines(request) {
      const { logs, lines } = readNdjson(request, options)
      const { refusedCount, refused } = lines
      const rejectedReason = refused[0] ? `line ${refused[0].line}: ${refused[0].reason}` : ''
      if (logs.length === 0 && refusedCount > 0)
        return { status: 'bad', reason: rejectedReason, lines }
      const counts = { rejectedCount: refusedCount, rejectedReason }
      return { status: 'ok', batch: { ...toFound(logs, request), ...counts, lines } }
    },
    traces(message, { receivedUnixMs }, limit) {
      const spans = readSpans(message as TracesRequest, options).filter((span) =>
        limit.admits({
          startUnixMs: toUnixMs(span.startUnixNs),
          endUnixMs: toUnixMs(span.endUnixNs),
        }),
      )
      const derived = derive(spans, receivedUnixMs)
      const rows = tables({
        otel_traces: spans.map(toSpanRow),
        signalbox_attempts: derived.flatMap((item) => item.attempt ?? []).map(toAttemptRow),
        signalbox_requests: derived.flatMap((item) => item.request ?? []).map(toRequestRow),
      })
      const observations = derived.flatMap((item) => observeSpan(item, meanings))
      return { rows, observations, itemCount: spans.length }
    },
    logs(message, request, limit) {
      const logs = readLogs(message as LogsRequest, {
        ...options,
        receivedUnixMs: request.receivedUnixMs,
      }).filter((log) =>
        limit.admits({ startUnixMs: toUnixMs(log.unixNs), endUnixMs: toUnixMs(log.unixNs) }),
      )
      return toFound(logs, request)
    },
    metrics(message, request, limit) {
      const points = readPoints(message as MetricsRequest, {
        ...options,
        receivedUnixMs: request.receivedUnixMs,
      }).filter((point) => {
        const atUnixMs = toUnixMs(point.unixNs)
        return limit.admits({ startUnixMs: atUnixMs, endUnixMs: atUnixMs })
      })
      const rows = new Map<string, Row[]>()
      for (const point of points) {
        const own = rows.get(point.table) ?? []
        rows.set(point.table, own)
        own.push(toPointRow(point))
      }
      const observations = points.flatMap(
        (point): Observation[] | Observation =>
          observePoint(point, observing(point.origin.resource, request)) ?? [],
      )
      return { rows, observations, itemCount: points.length }
    },
  }
}

/** Rows by table, without the tables that got none. */
function tables(rows: Readonly<Record<string, Row[]>>): Map<string, Row[]> {
  return new Map(Object.entries(rows).filter(([, own]) => own.length > 0))
}
