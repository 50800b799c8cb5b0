import type { Attempt, RequestOutcome, Role } from '../model/attempt.ts'
import type { FieldValue } from '../model/observation.ts'
import type { OwnWords, RoutedFacts, SaidRequest } from './said.ts'
import { toCost } from './served.ts'
import type { SpanView } from './span-view.ts'

/**
 * What a router's span says of the attempt, or the request, that it is: what hardly another span says
 * stands here, all else in the facts that alike spans share. There are thousands a second, and 25,000
 * requests of them are remembered. Holds on to no bytes.
 */
export class SaidSpan implements Attempt, SaidRequest {
  readonly facts: RoutedFacts
  readonly requestId: string
  readonly traceId: string
  readonly spanId: string
  readonly startUnixNs: bigint
  readonly endUnixNs: bigint
  readonly session: string
  readonly cost: number
  readonly weight: number
  readonly receivedUnixMs: number

  constructor(span: SpanView, facts: RoutedFacts, given: SaidGiven) {
    this.facts = facts
    this.requestId = given.requestId
    this.traceId = span.traceId
    this.spanId = span.spanId
    this.startUnixNs = span.startUnixNs
    this.endUnixNs = span.endUnixNs
    this.session = toText(given.words.session)
    this.cost = toCost(given.words.cost)
    this.weight = span.weight
    this.receivedUnixMs = given.receivedUnixMs
  }

  get route(): string {
    return this.facts.route
  }

  get router(): string {
    return this.facts.source.id
  }

  get target(): string {
    return this.facts.target
  }

  get role(): Role {
    return this.facts.role
  }

  /** As an attempt; a request is judged by more than its span. */
  get outcome(): RequestOutcome {
    return this.facts.outcome
  }

  get errorType(): string {
    return this.facts.ending.errorType
  }

  get statusCode(): number {
    return this.facts.ending.statusCode
  }

  get generation(): string {
    return this.facts.generation
  }

  get model(): string {
    return this.facts.model
  }

  get region(): string {
    return this.facts.region
  }

  get tenant(): string {
    return this.facts.tenant
  }

  get tier(): string {
    return this.facts.tier
  }

  get class(): string {
    return this.facts.class
  }

  get variant(): string {
    return this.facts.variant
  }

  get images(): number {
    return this.facts.images
  }
}

interface SaidGiven {
  readonly words: OwnWords
  /** '' when an attempt carries none. */
  readonly requestId: string
  readonly receivedUnixMs: number
}

const toText = (value: FieldValue | undefined): string =>
  typeof value === 'string' ? value : String(value ?? '')
