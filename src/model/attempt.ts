/** What a target is in its route; `unlisted`: no file names it. */
export type Role = 'primary' | 'fallback' | 'unlisted'

/** `rejected` and `cancelled` count in no failure ratio and no availability. */
export type RequestOutcome = 'ok' | 'failed' | 'rejected' | 'cancelled'

/** What attempts and requests have in common: where they belong and what they were. */
export interface Served {
  readonly route: string
  readonly router: string
  /** `signalbox.request.id`, else the trace id. */
  readonly requestId: string
  readonly traceId: string
  readonly spanId: string
  readonly startUnixNs: bigint
  readonly endUnixNs: bigint
  readonly outcome: RequestOutcome
  readonly errorType: string
  /** HTTP status, 0 when none was seen. */
  readonly statusCode: number
  /** `EPOCH.GENERATION`, '' when the span carried none. */
  readonly generation: string
  readonly session: string
  readonly model: string
  readonly region: string
  readonly tenant: string
  readonly tier: string
  readonly class: string
  readonly variant: string
  readonly images: number
  /** GPU seconds, 0 when unknown. */
  readonly cost: number
  /** 1 / sampling probability from `ot=th:` in the trace state, else 1. */
  readonly weight: number
  /** When Signalbox received the span (its own clock). */
  readonly receivedUnixMs: number
}

/** One try of a request on one target. */
export interface Attempt extends Served {
  readonly target: string
  readonly role: Role
}

/** One logical request of a user, as its router ended it. */
export interface Request extends Served {
  /** Target of its ok attempt, '' when there was none or it is not known. */
  readonly finalTarget: string
  readonly finalRole: Role | ''
  readonly attemptCount: number
  /** τ_c (ms) by which a cancelled request was judged, 0 when not judged so. */
  readonly abandonedAfterMs: number
}
