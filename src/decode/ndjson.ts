import { formatDurationMs } from '../lib/duration.ts'
import type { LineRefusal, LineReport, OtlpRequest } from '../model/otlp.ts'
import { createAgeLimit } from './age-limit.ts'
import { BadTelemetry } from './bad-telemetry.ts'
import { toUnixMs, toUnixNs } from './int64.ts'
import { readKubernetesEvent } from './kubernetes-event.ts'
import type { LogRecord } from './log-message.ts'
import { type JsonObject, type Line, readLines } from './ndjson-lines.ts'
import { type NdjsonRecord, readRecord, toKeyValues } from './ndjson-record.ts'
import { toAnyValue } from './ndjson-value.ts'
import { logsToProtobuf } from './to-protobuf.ts'
import type { KeyValue } from './value-message.ts'

// Plain structured logs: each line becomes the log record that an OpenTelemetry SDK would have
// sent, and all of them the request that it would have sent, which goes on as any other. What is
// wrong with a line is that line's matter alone.

export interface NdjsonOptions {
  readonly retentionMs: number
}

/** Refusals that an answer lists; further ones are only counted. */
const REFUSED_MAX = 20

/**
 * The request of all readable lines in their order, and what became of the others.
 * @throws BadTelemetry for more lines than one body may have
 */
export function readNdjson(
  { body, receivedUnixMs }: OtlpRequest,
  options: NdjsonOptions,
): { readonly request: Buffer; readonly lines: LineReport } {
  const senders = createSenders()
  const refused: LineRefusal[] = []
  let acceptedCount = 0
  let refusedCount = 0
  for (const line of readLines(body)) {
    const reason = readLine(line, { ...options, receivedUnixMs, add: senders.add })
    if (reason === undefined) acceptedCount++
    else if (++refusedCount <= REFUSED_MAX) refused.push({ line: line.line, reason })
  }
  return { request: senders.encode(), lines: { acceptedCount, refusedCount, refused } }
}

interface LineContext extends NdjsonOptions {
  readonly receivedUnixMs: number
  add(record: LogRecord, resource: NdjsonRecord['resource']): void
}

/** Hands the line's record on, or says why it is refused. */
function readLine(line: Line, context: LineContext): string | undefined {
  if (line.status === 'bad') return line.reason
  try {
    const { record, resource } = readRecord(line.object)
    const reason = refuseByAge(record, context)
    if (reason === undefined) context.add(withKubernetesEvent(record, line.object), resource)
    return reason
  } catch (fault) {
    if (fault instanceof BadTelemetry) return fault.message
    throw fault
  }
}

/** Records by who sent them; neighbouring lines of one sender share their resource. */
function createSenders() {
  const senders: { attributes: readonly KeyValue[]; records: LogRecord[] }[] = []
  let lastKey: string | undefined
  return {
    add(record: LogRecord, resource: NdjsonRecord['resource']) {
      const key = JSON.stringify([...resource])
      if (key !== lastKey) senders.push({ attributes: toKeyValues(resource), records: [] })
      lastKey = key
      senders.at(-1)?.records.push(record)
    },
    encode: () => logsToProtobuf(senders),
  }
}

function refuseByAge(record: LogRecord, options: LineContext): string | undefined {
  const { receivedUnixMs } = options
  const unixNs = toUnixNs(record.timeUnixNano)
  const unixMs = unixNs === 0n ? receivedUnixMs : toUnixMs(unixNs)
  if (createAgeLimit(options).admits(unixMs, unixMs, false)) return undefined
  return unixMs < receivedUnixMs
    ? `older than the retention of ${formatDurationMs(options.retentionMs)}`
    : "more than 1h ahead of the receiver's clock"
}

/** Exporters of Kubernetes events write the bare object as a line: it gets the usual attributes. */
function withKubernetesEvent(record: LogRecord, object: JsonObject): LogRecord {
  if (!('involvedObject' in object) && !('regarding' in object)) return record
  const { body, ...event } = Object.fromEntries(readKubernetesEvent(toAnyValue(object)))
  const attributes = [...record.attributes, ...toKeyValues(new Map(Object.entries(event)))]
  const text = body === undefined ? null : toAnyValue(body)
  return { ...record, attributes, body: record.body ?? text }
}
