import type { Attempt, RequestOutcome } from '../model/attempt.ts'
import type { Source } from '../model/observation.ts'
import type { StoredRequest } from '../model/stored.ts'
import type { Ending } from './outcome.ts'
import type { PlacedAttempt } from './placed.ts'
import type { SaidRequest } from './said.ts'
import type { SpanEntries } from './span-entries.ts'

// What is known of requests, so that what they are does not depend on the order in which their
// spans come: traces with the requests and attempts in them, and groups of all that belong to one
// request id. Nothing here holds on to the bytes of an export request.

/**
 * What is known, or its end, may be brought by an export request, and touched by it: by the number of
 * that, so that a look costs nothing.
 */
interface Brought {
  /** The number of the export request, or tick, that brought it last; 0: none. */
  broughtBy: number
}

/** An attempt as its span tells it, and where it was found to belong. */
export class AttemptEntry implements Brought {
  /** `requestId` is '' when the span carries none. */
  readonly said: Attempt
  readonly parentSpanId: string
  /** It is the request's own span, of a router that sends no attempts. */
  readonly isOwn: boolean
  /** The request span above it, '' while none is known, and what that carries. */
  requestSpanId = ''
  routeAbove = ''
  group: Group | undefined = undefined
  /** As last written; `void`: it was taken back. */
  told: PlacedAttempt | 'void' | undefined = undefined
  revision = 0
  broughtBy = 0

  constructor(
    said: Attempt,
    { parentSpanId, isOwn }: Pick<AttemptEntry, 'parentSpanId' | 'isOwn'>,
  ) {
    this.said = said
    this.parentSpanId = parentSpanId
    this.isOwn = isOwn
  }

  /** The row that was written last was taken back. */
  undo(): void {
    this.told = undefined
  }
}

/** How an item is a request, the opening of one, or a poll. */
type RequestWords = Pick<
  RequestEntry,
  'said' | 'hasOwnId' | 'ending' | 'target' | 'source' | 'isOpening'
>

/** A SERVER span: a request, the opening of one, or a poll. */
export class RequestEntry implements Brought {
  readonly said: SaidRequest
  /** The span carries a request id; else `said.requestId` is the trace's. */
  readonly hasOwnId: boolean
  /** Without how long it took. */
  readonly ending: Ending
  /** The target that the span itself names. */
  readonly target: string
  readonly source: Source
  /** It says that the request goes on after it. */
  readonly isOpening: boolean
  /** The attempt that it is itself, while its router is not known to send attempts. */
  own: AttemptEntry | undefined = undefined
  hasOwn = false
  told: StoredRequest | undefined = undefined
  revision = 0
  broughtBy = 0

  constructor(words: RequestWords) {
    this.said = words.said
    this.hasOwnId = words.hasOwnId
    this.ending = words.ending
    this.target = words.target
    this.source = words.source
    this.isOpening = words.isOpening
  }

  /** The row that was written last was taken back. */
  undo(): void {
    this.told = undefined
  }
}

/** The span or log event `signalbox.request.end`. */
export interface RequestEnd {
  readonly said: SaidRequest
  readonly outcome: RequestOutcome
  readonly errorType: string
  readonly source: Source
}

export interface Trace {
  readonly traceId: string
  /** Of the requests that carry no id but the trace's. */
  group: Group | undefined
  /** Parents of spans that are neither request nor attempt, by span id; undefined: of none. */
  parents: Map<string, string> | undefined
  readonly requests: SpanEntries<RequestEntry>
  readonly attempts: SpanEntries<AttemptEntry>
}

/** By the end that came, if any. */
export interface Group extends Brought {
  readonly requestId: string
  /** None of them twice; few, and mostly one: see `addTo` of `span-entries.ts`. */
  attempts: readonly AttemptEntry[]
  requests: readonly RequestEntry[]
  end: RequestEnd | undefined
  /** Its end was told while no opening was known. */
  toldEnd: StoredRequest | undefined
  endRevision: number
  /** Its deadline passed without an end. */
  isExpired: boolean
  /** Rules have seen how it ended. */
  isObserved: boolean
  /** As `broughtBy`, of whatever concerns it. */
  touchedBy: number
}

/** Somebody says that it goes on after its first span. */
export function isAsynchronous(group: Group): boolean {
  if (group.end) return true
  for (const { isOpening } of group.requests) if (isOpening) return true
  return false
}

/** The first of a group's request spans, whichever came first. */
export function openingOf({ requests }: Group): RequestEntry | undefined {
  let first: RequestEntry | undefined
  for (const entry of requests) if (!first || isBefore(entry.said, first.said)) first = entry
  return first
}

/** By start; at the same moment by span id, so that there is one order. */
function isBefore(a: SaidRequest, b: SaidRequest): boolean {
  if (a.startUnixNs !== b.startUnixNs) return a.startUnixNs < b.startUnixNs
  return a.spanId < b.spanId
}
