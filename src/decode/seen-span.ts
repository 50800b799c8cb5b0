import type { Meanings } from '../config/meanings.ts'
import type { FieldValue, Observation, Source } from '../model/observation.ts'
import { readKey, readTarget, sourceField } from './fields.ts'
import { SeenItem } from './seen-item.ts'
import { readRequestId } from './served.ts'
import type { SpanView } from './span-view.ts'

/** A span and who sent it. */
export interface SeenFrom {
  readonly span: SpanView
  readonly source: Source
}

/** A class, since there may be thousands a second: what nobody asks for is never read. */
export class SeenSpan extends SeenItem implements Observation {
  readonly unit = 'span'
  readonly #span: SpanView
  readonly #meanings: Meanings

  constructor({ span, source }: SeenFrom, meanings: Meanings) {
    super(span.traits, source)
    this.#span = span
    this.#meanings = meanings
  }

  get atUnixMs(): number {
    return this.#span.endUnixMs
  }

  get startUnixMs(): number {
    return this.#span.startUnixMs
  }

  get weight(): number {
    return this.#span.weight
  }

  get once(): number | undefined {
    return this.#span.once
  }

  /** Tokens: a cost is worked out by its meaning. */
  noted(place: number): number {
    const { inputTokens, outputTokens } = this.#span
    const value = place === 1 ? inputTokens : place === 2 ? outputTokens : undefined
    return Number.isFinite(value) ? (value as number) : Number.NaN
  }

  read(key: string): FieldValue | undefined {
    const span = this.#span
    const item = { attributes: span.attributes, resource: span.resource.attributes }
    const from = { span, source: this.source }
    return readBuiltIn(from, key, this.#meanings) ?? readKey(key, item, this.#meanings)
  }
}

/** Built-ins of every span. Words in lower case, as everywhere in rules. */
function readBuiltIn(
  { span, source }: SeenFrom,
  key: string,
  meanings: Meanings,
): FieldValue | undefined {
  switch (key) {
    case 'name':
      return span.name
    case 'kind':
      return span.kind.toLowerCase()
    case 'status':
      return span.status.toLowerCase()
    case 'status_message':
      return span.statusMessage || undefined
    case 'duration':
      return Math.max(0, span.endUnixMs - span.startUnixMs)
    case 'service':
      return span.resource.serviceName || undefined
    case 'event':
      return span.exception?.name ?? span.lastEventName
    case 'exception.message':
      return span.attributes.get(key) ?? span.exceptionMessage
    case 'exception.type':
    case 'exception.stacktrace':
      return span.attributes.get(key) ?? span.exception?.attributes.get(key)
    case 'target':
      return readTarget(meanings.target, {
        attributes: span.attributes,
        resource: span.resource.attributes,
        isServerSpan: span.kind === 'Server',
        component: source.component,
      })
    case 'request_id':
      return readRequestId(span, meanings) || span.traceId || undefined
    default:
      return sourceField(source, key)
  }
}
