import type { Clock } from '../lib/clock.ts'
import type { StateData } from '../model/desired.ts'
import { formatGeneration, type Generation } from '../model/generation.ts'
import type { DeliverEvents, DeliveryPlace } from '../telemetry/deliver-events.ts'
import type { DeliveryLog, DeliveryState } from './delivery-log.ts'
import type { Mark } from './observed-marks.ts'
import { webhookIdOf } from './sign.ts'
import type { SendLetter } from './signed.ts'
import type { Subscription } from './subscription.ts'

export interface PusherDeps {
  readonly clock: Clock
  readonly send: SendLetter
  readonly log: DeliveryLog
  readonly events: DeliverEvents
  /** A router with traffic that does not observe within this is a problem. */
  readonly partialMs: number
  journal(row: Readonly<Record<string, unknown>>): void
  answered(task: AnsweredTask): void
  /** The endpoint said 410. */
  gone(subscription: Subscription): void
  unobserved(place: DeliveryPlace, afterMs: number): boolean
}

export interface AnsweredTask {
  readonly subscription: Subscription
  readonly route: string
  readonly observed: Generation
  readonly sentUnixMs: number
  readonly clockOffsetMs: number | null
}

export interface PusherOptions extends PusherDeps {
  /** As it is now: secrets and URL may change while it is pushed. */
  subscription(): Subscription
  readonly route: string
  /** What was known before a restart. */
  readonly mark: Mark | undefined
  saveMark(mark: Mark): void
}

/** One version on its way. */
export interface Task {
  readonly data: StateData
  readonly id: string
  readonly traceparent: string | undefined
  /** Aborts the open attempts when it is superseded or stopped. */
  readonly cut: AbortController
  /** The pair was in force before: only the answer is missing, for its shares. */
  readonly isSharesOnly: boolean
  startMs: number
  attemptCount: number
  openCount: number
  lastAgeMs: number
  retryAfterMs: number | undefined
  state: DeliveryState
  isReported: boolean
}

export interface TaskInput {
  readonly options: PusherOptions
  readonly data: StateData
  readonly traceparent: string | undefined
  readonly isSharesOnly: boolean
}

export function createTask({ options, data, traceparent, isSharesOnly }: TaskInput): Task {
  const { route, epoch, generation, version } = data
  return {
    data,
    id: webhookIdOf(options.subscription().id, route, epoch, generation, version),
    traceparent,
    cut: new AbortController(),
    isSharesOnly,
    startMs: options.clock.monotonicMs(),
    attemptCount: 0,
    openCount: 0,
    lastAgeMs: 0,
    retryAfterMs: undefined,
    state: 'pending',
    isReported: false,
  }
}

export function placeOf(
  options: Pick<PusherOptions, 'subscription'>,
  { data }: Pick<Task, 'data'>,
): DeliveryPlace {
  const { id, router } = options.subscription()
  return { subscription: id, router, route: data.route, generation: formatGeneration(data) }
}

export function toView(options: PusherOptions, { id, data }: Task) {
  const { epoch, generation, version, route } = data
  const { id: subscription, router } = options.subscription()
  return { id, subscription, router, route, epoch, generation, version }
}
