import type { Request, RequestOutcome, Role, Served } from '../model/attempt.ts'
import type { FieldValue, Source } from '../model/observation.ts'
import type { Ending } from './outcome.ts'

// What spans say of requests and attempts.

/** What a request's span says, all but how it ended. */
export type SaidRequest = Omit<
  Request,
  'outcome' | 'errorType' | 'abandonedAfterMs' | 'finalTarget' | 'finalRole' | 'attemptCount'
>

/** What many requests have in common. */
export type SteadyWork = Pick<
  Served,
  'generation' | 'model' | 'region' | 'tenant' | 'tier' | 'class' | 'variant' | 'images'
>

/** What a router's span is by itself, as far as others are likely to be the same. */
export interface RoutedFacts extends SteadyWork {
  readonly source: Source
  /** What the span itself says; '' when nothing. */
  readonly target: string
  readonly route: string
  /** Of its target in its route. */
  readonly role: Role
  readonly isRequest: boolean
  readonly isAttempt: boolean
  /** It is named as the end of a request. */
  readonly isEnd: boolean
  /** As a request, it says that it goes on after this span. */
  readonly goesOn: boolean
  /** As an attempt. */
  readonly outcome: RequestOutcome
  /** Without how long it took. */
  readonly ending: Ending
  readonly requestId: OwnWord
  readonly session: OwnWord
  readonly cost: OwnWord
}

/** Where a span says what hardly another one does. */
export interface OwnWord {
  /** The attribute, of spans alike to the one that was read; undefined when it is none of the span's. */
  readonly key: string | undefined
  /** Where there is no such attribute: what the resource says. */
  readonly value: FieldValue | undefined
}

/** What one span says for itself, by the facts that it shares. */
export interface OwnWords {
  readonly requestId: FieldValue | undefined
  readonly session: FieldValue | undefined
  readonly cost: FieldValue | undefined
}

/** Of spans that are alike to routers' requests and attempts: read from the first of them. */
export interface AlikeRouted {
  facts: RoutedFacts | undefined
}
