import type { Attempt, Request, RequestOutcome, Role } from '../model/attempt.ts'
import type { RequestForm, StoredAttempt, StoredRequest } from '../model/stored.ts'
import type { Judged } from './outcome.ts'
import type { SaidRequest } from './said.ts'

// Attempts and requests with what was found out about them, beside what their spans say. They are
// rows, and what rules see.

/** Reads what was said where it was said. */
abstract class Placed {
  abstract readonly said: SaidRequest

  get router(): string {
    return this.said.router
  }

  get traceId(): string {
    return this.said.traceId
  }

  get spanId(): string {
    return this.said.spanId
  }

  get startUnixNs(): bigint {
    return this.said.startUnixNs
  }

  get endUnixNs(): bigint {
    return this.said.endUnixNs
  }

  get statusCode(): number {
    return this.said.statusCode
  }

  get generation(): string {
    return this.said.generation
  }

  get session(): string {
    return this.said.session
  }

  get model(): string {
    return this.said.model
  }

  get region(): string {
    return this.said.region
  }

  get tenant(): string {
    return this.said.tenant
  }

  get tier(): string {
    return this.said.tier
  }

  get class(): string {
    return this.said.class
  }

  get variant(): string {
    return this.said.variant
  }

  get images(): number {
    return this.said.images
  }

  get cost(): number {
    return this.said.cost
  }

  get weight(): number {
    return this.said.weight
  }

  get receivedUnixMs(): number {
    return this.said.receivedUnixMs
  }
}

/** Where an attempt belongs. */
export type AttemptPlace = Pick<Attempt, 'route' | 'requestId' | 'role'>

/** How a row stands among others of its span. */
export type Standing = Pick<StoredAttempt, 'revision' | 'isUnseen'>

export class PlacedAttempt extends Placed implements Attempt, StoredAttempt {
  readonly said: Attempt
  readonly route: string
  readonly requestId: string
  readonly role: Role
  readonly revision: number
  readonly isUnseen: boolean

  constructor(said: Attempt, { route, requestId, role }: AttemptPlace, standing: Standing) {
    super()
    this.said = said
    this.route = route
    this.requestId = requestId
    this.role = role
    this.revision = standing.revision
    this.isUnseen = standing.isUnseen === true
  }

  get target(): string {
    return this.said.target
  }

  get outcome(): RequestOutcome {
    return this.said.outcome
  }

  get errorType(): string {
    return this.said.errorType
  }
}

type Service = Pick<StoredRequest, 'finalTarget' | 'finalRole' | 'attemptCount'>
type RequestStanding = Required<Standing> & Pick<StoredRequest, 'form'>

/** A request that is one SERVER span. */
export class JudgedRequest extends Placed implements Request, StoredRequest {
  readonly said: SaidRequest
  readonly outcome: RequestOutcome
  readonly errorType: string
  readonly abandonedAfterMs: number
  readonly finalTarget: string
  readonly finalRole: Role | ''
  readonly attemptCount: number
  readonly form: RequestForm
  readonly revision: number
  readonly isUnseen: boolean

  constructor(
    said: SaidRequest,
    found: Judged & Service,
    standing: RequestStanding = FIRST_STANDING,
  ) {
    super()
    this.said = said
    this.outcome = found.outcome
    this.errorType = found.errorType
    this.abandonedAfterMs = found.abandonedAfterMs
    this.finalTarget = found.finalTarget
    this.finalRole = found.finalRole
    this.attemptCount = found.attemptCount
    this.form = standing.form
    this.revision = standing.revision
    this.isUnseen = standing.isUnseen
  }

  get route(): string {
    return this.said.route
  }

  get requestId(): string {
    return this.said.requestId
  }
}

const FIRST_STANDING: RequestStanding = { form: '', revision: 0, isUnseen: false }

type Given = Pick<SaidRequest, 'requestId' | 'route' | 'statusCode'>

/** All of it as an object's own. By name, since large objects are slow to spread. */
export function toPlain(
  said: Omit<SaidRequest, keyof Given>,
  { requestId, route, statusCode }: Given,
): SaidRequest {
  return {
    route,
    router: said.router,
    requestId,
    traceId: said.traceId,
    spanId: said.spanId,
    startUnixNs: said.startUnixNs,
    endUnixNs: said.endUnixNs,
    statusCode,
    generation: said.generation,
    session: said.session,
    model: said.model,
    region: said.region,
    tenant: said.tenant,
    tier: said.tier,
    class: said.class,
    variant: said.variant,
    images: said.images,
    cost: said.cost,
    weight: said.weight,
    receivedUnixMs: said.receivedUnixMs,
  }
}
