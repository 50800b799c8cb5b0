import type { Meanings } from '../config/meanings.ts'
import { identityOf } from '../lib/identity.ts'
import type { Attempt, Request, Served } from '../model/attempt.ts'
import type { FieldValue, Observation, Source, Traits } from '../model/observation.ts'
import type { DerivedSpan } from './derive.ts'
import { createField } from './fields.ts'
import { toUnixMs } from './int64.ts'
import type { Observed } from './observed.ts'
import type { EndedRequest } from './request-book.ts'
import type { ResourceFacts } from './resource.ts'
import { SeenSpan } from './seen-span.ts'
import type { SpanView } from './span-view.ts'

/**
 * A router's span as rules see it: as the attempt and request that it is, and as span where it is
 * neither or a rule wants it. Who only waits for its sender hears that of each.
 * @param into gets them in that order
 */
export function observeSpan(
  derived: DerivedSpan,
  meanings: Meanings,
  into: Pick<Observed, 'push'>,
): void {
  const { attempt, request } = derived
  const seen = new SeenSpan(derived, meanings)
  if (derived.span.isWanted || (!attempt && !request)) into.push(seen)
  if (attempt) into.push(new SeenAttempt(seen, attempt))
  if (request) into.push(new SeenRequest(seen, request))
}

/** Of whom it is, and nothing else. */
class HeardSpan extends SeenSpan {
  readonly isPresence = true
}

/** Spans that say no more than that their senders are there. */
export function observeHeard(
  spans: readonly SpanView[],
  sourceOf: (resource: ResourceFacts) => Source,
  { meanings, into }: ObserveInto,
): void {
  for (const span of spans) {
    const source = sourceOf(span.resource)
    into.push(new HeardSpan({ span, source }, meanings))
  }
}

export interface ObserveInto {
  readonly meanings: Meanings
  readonly into: Pick<Observed, 'push'>
}

/**
 * What rules watch for, in its order.
 * @param sourceOf asked once per run of spans of one resource
 */
export function observeWatched(
  spans: readonly SpanView[],
  sourceOf: (resource: ResourceFacts) => Source,
  { meanings, into }: ObserveInto,
): void {
  let resource: ResourceFacts | undefined
  let source: Source | undefined
  for (const span of spans) {
    if (source === undefined || span.resource !== resource) source = sourceOf(span.resource)
    resource = span.resource
    into.push(new SeenSpan({ span, source }, meanings))
  }
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

/** What attempts and requests have of the span that they are; read once, they are asked for much. */
abstract class SeenServed implements Observation {
  abstract readonly unit: 'attempt' | 'request'
  readonly source: Source
  readonly atUnixMs: number
  readonly startUnixMs: number
  readonly weight: number
  readonly once: number | undefined
  readonly #span: SeenSpan
  #field: Observation['field'] | undefined

  constructor(span: SeenSpan) {
    const { source, atUnixMs, startUnixMs, weight, once } = span
    this.source = source
    this.atUnixMs = atUnixMs
    this.startUnixMs = startUnixMs
    this.weight = weight
    this.once = once
    this.#span = span
  }

  /** As that of spans: made for who looks. */
  get field(): Observation['field'] {
    this.#field ??= (key) => this.ask(key)
    return this.#field
  }

  ask(key: string): FieldValue | undefined {
    // Rules ask it of each, and the span's is the same.
    if (key === 'duration') return Math.max(0, this.atUnixMs - this.startUnixMs)
    return this.read(key) ?? this.#span.ask(key)
  }

  /** The cost is its own. */
  noted(place: number): number {
    return place === 0 ? this.cost || Number.NaN : this.#span.noted(place)
  }

  /** 0: it says none. */
  abstract readonly cost: number

  /** What it says itself, where the span's word does not count. */
  abstract read(key: string): FieldValue | undefined
}

class SeenAttempt extends SeenServed {
  readonly unit = 'attempt'
  readonly attempt: Attempt
  readonly traits: Traits | undefined

  constructor(span: SeenSpan, attempt: Attempt) {
    super(span)
    this.attempt = attempt
    this.traits = span.traits?.ofServed(this.unit, this)
  }

  get cost(): number {
    return this.attempt.cost
  }

  read(key: string): FieldValue | undefined {
    switch (key) {
      case 'target':
      case 'role':
      case 'outcome':
        return this.attempt[key]
      default:
        return servedField(this.attempt, key)
    }
  }
}

class SeenRequest extends SeenServed {
  readonly unit = 'request'
  readonly request: Request
  readonly traits: Traits | undefined

  constructor(span: SeenSpan, request: Request) {
    super(span)
    this.request = request
    this.traits = span.traits?.ofServed(this.unit, this)
  }

  get cost(): number {
    return this.request.cost
  }

  read(key: string): FieldValue | undefined {
    return requestField(this.request, key) ?? servedField(this.request, key)
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
