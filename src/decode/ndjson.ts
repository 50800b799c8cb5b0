import { formatDurationMs } from '../lib/duration.ts'
import type { LineRefusal, LineReport, OtlpRequest } from '../model/otlp.ts'
import { createAgeLimit } from './age-limit.ts'
import { BadTelemetry } from './bad-telemetry.ts'
import { toUnixMs } from './int64.ts'
import { readKubernetesEvent } from './kubernetes-event.ts'
import { type LogFacts, readLog } from './log-facts.ts'
import { type JsonObject, type Line, readLines } from './ndjson-lines.ts'
import { type NdjsonRecord, readRecord, toKeyValues } from './ndjson-record.ts'
import { toAnyValue } from './ndjson-value.ts'
import { type ResourceOptions, readResource } from './resource.ts'
import { type Origin, readOrigin } from './scope.ts'
import type { KeyValue } from './value-message.ts'

// Plain structured logs: each line becomes the log record that an OpenTelemetry SDK would have
// sent, and goes on as one. What is wrong with a line is that line's matter alone.

export interface NdjsonOptions extends ResourceOptions {
  readonly retentionMs: number
}

/** Refusals that an answer lists; further ones are only counted. */
const REFUSED_MAX = 20

/**
 * The records of all readable lines in their order, and what became of the others.
 * @throws BadTelemetry for more lines than one body may have
 */
export function readNdjson(
  { body, receivedUnixMs }: OtlpRequest,
  options: NdjsonOptions,
): { readonly logs: LogFacts[]; readonly lines: LineReport } {
  const logs: LogFacts[] = []
  const refused: LineRefusal[] = []
  let refusedCount = 0
  const readOne = createLineReader({ ...options, receivedUnixMs })
  for (const line of readLines(body)) {
    const read = readOne(line)
    if (typeof read !== 'string') logs.push(read)
    else if (++refusedCount <= REFUSED_MAX) refused.push({ line: line.line, reason: read })
  }
  return { logs, lines: { acceptedCount: logs.length, refusedCount, refused } }
}

/** Gives the record of a line, or why it is refused. */
function createLineReader(
  context: NdjsonOptions & { readonly receivedUnixMs: number },
): (line: Line) => LogFacts | string {
  const originOf = createOrigins(context)
  return (line) => {
    if (line.status === 'bad') return line.reason
    try {
      const { record, resource } = readRecord(line.object)
      const log = readLog(record, { ...context, origin: originOf(resource) })
      return refuseByAge(log, context) ?? withKubernetesEvent(log, line.object)
    } catch (fault) {
      if (fault instanceof BadTelemetry) return fault.message
      throw fault
    }
  }
}

/** Lines of one sender share their resource, which is worth keeping for the length of a body. */
function createOrigins(options: ResourceOptions): (resource: NdjsonRecord['resource']) => Origin {
  const known = new Map<string, Origin>()
  return (attributes) => {
    const key = JSON.stringify([...attributes])
    const origin = known.get(key) ?? toOrigin(toKeyValues(attributes), options)
    known.set(key, origin)
    return origin
  }
}

function toOrigin(attributes: readonly KeyValue[], options: ResourceOptions): Origin {
  const resource = readResource({ attributes }, options)
  return readOrigin({ resource, resourceSchemaUrl: '', scope: null, scopeSchemaUrl: '' })
}

function refuseByAge(
  { unixNs }: LogFacts,
  options: { readonly retentionMs: number; readonly receivedUnixMs: number },
): string | undefined {
  const unixMs = toUnixMs(unixNs)
  if (createAgeLimit(options).admits({ startUnixMs: unixMs, endUnixMs: unixMs })) return undefined
  return unixMs < options.receivedUnixMs
    ? `older than the retention of ${formatDurationMs(options.retentionMs)}`
    : "more than 1h ahead of the receiver's clock"
}

/** Exporters of Kubernetes events write the bare object as a line. */
function withKubernetesEvent(log: LogFacts, object: JsonObject): LogFacts {
  if (!('involvedObject' in object) && !('regarding' in object)) return log
  const kubernetes = readKubernetesEvent(toAnyValue(object))
  return { ...log, kubernetes, body: log.body || String(kubernetes.get('body') ?? '') }
}
