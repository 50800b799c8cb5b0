import type { Meanings } from '../config/meanings.ts'
import type { FieldValue, Observation, Source } from '../model/observation.ts'
import { createField, readMeaning, readTarget, sourceField } from './fields.ts'
import { toUnixMs } from './int64.ts'
import type { LogView } from './log-view.ts'
import { QUALITY_EVENT } from './quality.ts'
import { nameOf } from './request-end.ts'
import type { ResourceFacts } from './resource.ts'

const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal']

export interface ObserveOptions {
  readonly meanings: Meanings
  readonly source: Source
  /** What is known of a request, '' where nothing is. */
  placeOf?(requestId: string): { readonly route: string; readonly target: string }
}

/** What is looked at of a log record. */
export interface ObservedLog
  extends Pick<LogView, 'unixNs' | 'traceId' | 'severityText' | 'severityNumber' | 'body'>,
    Pick<LogView, 'attributes' | 'eventName' | 'kubernetes'> {
  readonly origin: { readonly resource: Pick<ResourceFacts, 'attributes' | 'serviceName'> }
}

export function observeLog(log: ObservedLog, options: ObserveOptions): Observation {
  const { meanings, source } = options
  const atUnixMs = toUnixMs(log.unixNs)
  const scoped = { attributes: log.attributes, resource: log.origin.resource.attributes }
  // A verdict about quality seldom says where its request went.
  const place = isQuality(log) ? placeOf(log, options) : undefined
  const builtIn = (key: string): FieldValue | undefined => {
    switch (key) {
      case 'body':
        return log.kubernetes.get(key) ?? log.body
      case 'severity':
        return severityOf(log)
      case 'severity_number':
        return log.severityNumber || undefined
      case 'service':
        return log.origin.resource.serviceName || undefined
      case 'name':
      case 'event':
        return log.eventName || log.attributes.get('event.name')
      case 'request_id':
        return readMeaning(meanings.request_id, scoped) ?? (log.traceId || undefined)
      case 'route':
        return readMeaning(meanings.route, scoped) ?? (place?.route || undefined)
      case 'target': {
        const { component } = source
        const own = readTarget(meanings.target, { ...scoped, isServerSpan: false, component })
        return own ?? (place?.target || undefined)
      }
      default:
        return log.kubernetes.get(key) ?? sourceField(source, key)
    }
  }
  return {
    unit: 'log',
    atUnixMs,
    startUnixMs: atUnixMs,
    source,
    weight: 1,
    field: createField({ ...scoped, meanings, builtIn }),
  }
}

const isQuality = (log: ObservedLog) => nameOf(log) === QUALITY_EVENT

function placeOf(log: ObservedLog, { meanings, placeOf: find }: ObserveOptions) {
  const scoped = { attributes: log.attributes, resource: log.origin.resource.attributes }
  const requestId = String(readMeaning(meanings.request_id, scoped) ?? log.traceId)
  return requestId === '' ? undefined : find?.(requestId)
}

/** `trace` … `fatal` by number; without one, the sender's own word. */
function severityOf(log: ObservedLog): string | undefined {
  if (log.severityNumber === 0) return log.severityText.toLowerCase() || undefined
  return LEVELS[Math.floor((log.severityNumber - 1) / 4)]
}
