import type { Meanings } from '../config/meanings.ts'
import type { FieldValue, Observation, Source } from '../model/observation.ts'
import { readKey, readMeaning, readTarget, type Scoped, sourceField } from './fields.ts'
import { toUnixMs } from './int64.ts'
import type { LogView } from './log-view.ts'
import { QUALITY_EVENT } from './quality.ts'
import { nameOf } from './request-end.ts'
import type { ResourceFacts } from './resource.ts'
import { SeenItem } from './seen-item.ts'
import type { Traits } from './traits.ts'

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
  readonly traits?: Traits | undefined
  readonly origin: { readonly resource: Pick<ResourceFacts, 'attributes' | 'serviceName'> }
}

/** A class, since there may be thousands a second: what nobody asks for is never read. */
export class SeenLog extends SeenItem implements Observation {
  readonly unit = 'log'
  readonly atUnixMs: number
  readonly startUnixMs: number
  readonly weight = 1
  readonly #log: ObservedLog
  readonly #options: ObserveOptions

  constructor(log: ObservedLog, options: ObserveOptions) {
    super(log.traits, options.source)
    this.atUnixMs = toUnixMs(log.unixNs)
    this.startUnixMs = this.atUnixMs
    this.#log = log
    this.#options = options
  }

  read(key: string): FieldValue | undefined {
    const { attributes, origin } = this.#log
    const { meanings } = this.#options
    const scoped = { attributes, resource: origin.resource.attributes }
    return this.#readBuiltIn(key, scoped) ?? readKey(key, scoped, meanings)
  }

  #readBuiltIn(key: string, scoped: Scoped): FieldValue | undefined {
    const log = this.#log
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
        return readMeaning(this.#options.meanings.request_id, scoped) ?? (log.traceId || undefined)
      case 'route':
      case 'target':
        return this.#readOwnPlace(key, scoped) ?? (this.#place()?.[key] || undefined)
      default:
        return log.kubernetes.get(key) ?? sourceField(this.source, key)
    }
  }

  #readOwnPlace(key: 'route' | 'target', scoped: Scoped): FieldValue | undefined {
    const { meanings } = this.#options
    if (key === 'route') return readMeaning(meanings.route, scoped)
    const { component } = this.source
    return readTarget(meanings.target, { ...scoped, isServerSpan: false, component })
  }

  /** A verdict about quality seldom says where its request went. */
  #place() {
    return isQuality(this.#log) ? placeOf(this.#log, this.#options) : undefined
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
