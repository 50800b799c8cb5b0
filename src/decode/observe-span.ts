import type { Meanings } from '../config/meanings.ts'
import { identityOf } from '../lib/identity.ts'
import type { Attempt, Request, Served } from '../model/attempt.ts'
import type { FieldValue, Observation, Source } from '../model/observation.ts'
import type { DerivedSpan } from './derive.ts'
import { createField, readKey, readTarget, type Scoped, sourceField } from './fields.ts'
import { toUnixMs } from './int64.ts'
import type { EndedRequest } from './request-book.ts'
import { readRequestId } from './served.ts'
import type { SpanView } from './span-view.ts'
import { weightOf } from './trace-state.ts'

/** A span as rules see it: once as span, once more for the attempt and the request that it is. */
export function observeSpan(derived: DerivedSpan, meanings: Meanings): Observation[] {
  const { attempt, request } = derived
  const seen = new SeenSpan(derived, meanings)
  const observations: Observation[] = [seen]
  if (attempt) observations.push(new SeenAttempt(seen, attempt))
  if (request) observations.push(new SeenRequest(seen, request))
  return observations
}

function requestField(request: Request, key: string): FieldValue | undefined {
  switch (key) {
    case 'outcome':
      return request.outcome
    case 'attempt_count':
      return request.attemptCount
    case 'target':
      return request.finalTarget || undefined
    case 'role':
      return request.finalTarget === '' ? undefined : request.finalRole
    default:
      return undefined
  }
}

/**
 * An asynchronous request, once: when it ended, or did not. Rules see what its opening and its end
 * said by their meanings, not other attributes.
 */
export function observeEnded({ request, source }: EndedRequest, meanings: Meanings): Observation {
  const startUnixMs = toUnixMs(request.startUnixNs)
  const atUnixMs = toUnixMs(request.endUnixNs)
  const duration = Math.max(0, atUnixMs - startUnixMs)
  const builtIn = (key: string) =>
    key === 'duration' ? duration : (requestField(request, key) ?? servedField(request, key))
  const field = createField({ attributes: NOTHING, resource: NOTHING, meanings, builtIn })
  const once = identityOf(`request ${request.requestId}`)
  const { weight } = request
  return { unit: 'request', atUnixMs, startUnixMs, source, weight, once, request, field }
}

const NOTHING = { get: () => undefined }

/** A class, since there may be thousands a second: what nobody asks for is never read. */
class SeenSpan implements Observation {
  readonly unit = 'span'
  readonly source: Source
  readonly #span: SpanView
  readonly #item: Scoped
  readonly #meanings: Meanings
  /** Not a method: whoever looks takes it along by itself. */
  readonly field = (key: string): FieldValue | undefined =>
    this.builtIn(key) ?? readKey(key, this.#item, this.#meanings)

  constructor({ span, source }: DerivedSpan, meanings: Meanings) {
    this.source = source
    this.#span = span
    this.#item = { attributes: span.attributes, resource: span.resource.attributes }
    this.#meanings = meanings
  }

  get atUnixMs(): number {
    return this.#span.endUnixMs
  }

  get startUnixMs(): number {
    return this.#span.startUnixMs
  }

  get weight(): number {
    return weightOf(this.#span.traceState)
  }

  get once(): number | undefined {
    const { traceId, spanId } = this.#span
    return traceId !== '' && spanId !== '' ? identityOf(`${traceId}/${spanId}`) : undefined
  }

  builtIn(key: string): FieldValue | undefined {
    return readBuiltIn({ span: this.#span, source: this.source }, key, this.#meanings)
  }
}

/** What attempts and requests have of the span that they are; read once, they are asked for much. */
class SeenServed {
  readonly source: Source
  readonly atUnixMs: number
  readonly startUnixMs: number
  readonly weight: number
  readonly once: number | undefined

  constructor({ source, atUnixMs, startUnixMs, weight, once }: SeenSpan) {
    this.source = source
    this.atUnixMs = atUnixMs
    this.startUnixMs = startUnixMs
    this.weight = weight
    this.once = once
  }
}

class SeenAttempt extends SeenServed implements Observation {
  readonly unit = 'attempt'
  readonly attempt: Attempt
  readonly #span: SeenSpan
  readonly field = (key: string): FieldValue | undefined => {
    switch (key) {
      case 'target':
      case 'role':
      case 'outcome':
        return this.attempt[key]
      default:
        return servedField(this.attempt, key) ?? this.#span.field(key)
    }
  }

  constructor(seen: SeenSpan, attempt: Attempt) {
    super(seen)
    this.attempt = attempt
    this.#span = seen
  }
}

class SeenRequest extends SeenServed implements Observation {
  readonly unit = 'request'
  readonly request: Request
  readonly #span: SeenSpan
  readonly field = (key: string): FieldValue | undefined =>
    requestField(this.request, key) ?? servedField(this.request, key) ?? this.#span.field(key)

  constructor(seen: SeenSpan, request: Request) {
    super(seen)
    this.request = request
    this.#span = seen
  }
}

/** Built-ins of every span. Words in lower case, as everywhere in rules. */
function readBuiltIn(
  { span, source }: DerivedSpan,
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
      return Math.max(0, toUnixMs(span.endUnixNs - span.startUnixNs))
    case 'service':
      return span.resource.serviceName || undefined
    case 'event':
      return span.exception?.name ?? span.lastEventName
    case 'exception.type':
    case 'exception.message':
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

/** What was read of an attempt or request by its meanings, once, rather than from attributes. */
export function servedField(served: Served, key: string): FieldValue | undefined {
  switch (key) {
    case 'route':
    case 'router':
    case 'session':
    case 'model':
    case 'region':
    case 'tenant':
    case 'tier':
    case 'class':
    case 'variant':
    case 'generation':
      return served[key] || undefined
    case 'request_id':
      return served.requestId || undefined
    case 'error.type':
      return served.errorType || undefined
    case 'http.response.status_code':
      return served.statusCode || undefined
    case 'images':
      return served.images
    case 'cost':
      return served.cost || undefined
    default:
      return undefined
  }
}
