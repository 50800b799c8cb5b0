import { BadTelemetry } from '../decode/bad-telemetry.ts'
import type { LogsRequest } from '../decode/log-message.ts'
import { REQUEST_TYPES } from '../decode/otlp-schema.ts'
import type { Row } from '../model/batch.ts'
import type { OtlpRequest } from '../model/otlp.ts'
import { readJson } from './naive-json.ts'
import { readLogRows } from './naive-logs.ts'
import type { MetricsRequest } from './naive-metric-message.ts'
import { readPointRows } from './naive-points.ts'
import type { TracesRequest } from './naive-span-message.ts'
import { readSpanRows } from './naive-spans.ts'

// The reference decoder: a library's objects, then rows as JSONEachRow takes them. Slow and easy to
// believe: the one-pass decoder is compared with it, in what it writes and in what it costs. It
// knows nothing of privacy, of how old an item may be, and of attempts and requests.

export interface NaiveDecoder {
  /**
   * Rows by table, in the order of the request, without the tables that got none. Of OTLP only.
   * @throws BadTelemetry for anything that is not such a request
   */
  rows(request: OtlpRequest): ReadonlyMap<string, readonly Row[]>
}

export function createNaiveDecoder(): NaiveDecoder {
  return {
    rows(request) {
      const message = readMessage(request)
      const { receivedUnixMs } = request
      const rows = new Map<string, Row[]>()
      const add = (table: string, row: Row) => {
        const own = rows.get(table)
        if (own) own.push(row)
        else rows.set(table, [row])
      }
      switch (request.signal) {
        case 'traces':
          for (const row of readSpanRows(message as TracesRequest)) add('otel_traces', row)
          break
        case 'logs':
          for (const row of readLogRows(message as LogsRequest, receivedUnixMs))
            add('otel_logs', row)
          break
        case 'metrics':
          for (const { table, row } of readPointRows(message as MetricsRequest, receivedUnixMs))
            add(table, row)
      }
      return rows
    },
  }
}

function readMessage({ signal, encoding, body }: OtlpRequest): unknown {
  const type = REQUEST_TYPES[signal]
  if (encoding === 'json') return readJson(type, body)
  try {
    // As a Buffer, since the library's reader for it is the faster one.
    return type.decode(Buffer.from(body.buffer, body.byteOffset, body.byteLength))
  } catch (fault) {
    throw new BadTelemetry(
      `not a protobuf message of ${signal}: ${fault instanceof Error ? fault.message : fault}`,
    )
  }
}
