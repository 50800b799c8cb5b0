import type { FileSubscriber } from '../config/subscribers.ts'
import { createTimings, type Timings } from '../config/timings.ts'
import type { Cancel, Clock } from '../lib/clock.ts'
import type { Part } from '../lib/part.ts'
import type { Answered, DeliveryView, SubscriptionView } from '../model/delivery.ts'
import type { StateData, StateDocument } from '../model/desired.ts'
import type { Generation } from '../model/generation.ts'
import type { Journal } from '../model/journal.ts'
import type { StateStore } from '../model/state-store.ts'
import type { DeliverEvents } from '../telemetry/deliver-events.ts'
import { createDeliveryLog } from './delivery-log.ts'
import { type DryRunResult, dryRun } from './dry-run.ts'
import { createEgressGuard } from './egress.ts'
import { startHeartbeats } from './heartbeats.ts'
import { createObservedMarks } from './observed-marks.ts'
import { createPoster } from './post.ts'
import { createPushers, type Pushers, type PushersOptions } from './pushers.ts'
import { signed } from './signed.ts'
import { type Subscription, toSubscriptionView, wants } from './subscription.ts'
import {
  createSubscriptionBook,
  type SubscriptionBook,
  type SubscriptionRequest,
} from './subscription-book.ts'

/**
 * Brings the desired state to routers: at least once, the latest per subscription and route, until
 * a second witness says that it is in force.
 */
export interface Delivery extends Part {
  /** Called after the state is committed; `traceparent` continues the decision's trace. */
  push(data: StateData, traceparent?: string): void
  /** The second witness. Cheap: called for every status and span. */
  observed(report: {
    readonly router: string
    readonly route: string
    readonly pair: Generation
  }): void
  /** Names of routers that are told of the route. */
  subscribedRouters(route: string): readonly string[]
  reload(fileSubscribers: readonly FileSubscriber[]): void
  list(): readonly SubscriptionView[]
  get(id: string): SubscriptionView | undefined
  create(request: SubscriptionRequest): Promise<SubscriptionView>
  patch(id: string, request: Partial<SubscriptionRequest>): Promise<SubscriptionView | undefined>
  remove(id: string): boolean
  rotateSecret(id: string): SubscriptionView | undefined
  /** Sends the current state as a dry run. @throws AppError NOT_FOUND, NOT_READY */
  test(id: string): Promise<DryRunResult>
  /** Newest first, the last 1,000. */
  deliveries(): readonly DeliveryView[]
  /** Sends the *current* state of that delivery's route again; false for an unknown delivery. */
  redeliver(id: string): boolean
}

export interface DeliveryOptions {
  readonly store: StateStore
  readonly clock: Clock
  state(): StateDocument
  readonly fileSubscribers: readonly FileSubscriber[]
  /** Comma-separated CIDRs: `SIGNALBOX_EGRESS_ALLOW`. */
  readonly egressAllow: string
  answered(answer: Answered): void
  readonly journal: Journal
  /** Something that a person must know: it pages. */
  problem(text: string, evidence: Readonly<Record<string, unknown>>): void
  readonly events: DeliverEvents
  /** The router has traffic on the route, or sends status; default yes. */
  routerActive?(route: string, router: string): boolean
  readonly timings?: Pick<Timings, 'partialMs'>
}

export function createDelivery(options: DeliveryOptions): Delivery {
  const { store, clock, events, state } = options
  const guard = createEgressGuard({ allow: options.egressAllow })
  const poster = createPoster({ guard, clock })
  const send = signed(poster.post, clock)
  const book = createSubscriptionBook({ store, clock, guard })
  const marks = createObservedMarks({ store, clock, events })
  const log = createDeliveryLog()
  const gone = (subscription: Subscription) => {
    if (book.get(subscription.id)?.disabledUnixMs !== undefined) return
    book.end(subscription.id)
    pushers.end(subscription.id)
    reportEnd(options, subscription)
  }
  const reactions = createReactions(options)
  const pushers = createPushers({
    ...reactions,
    clock,
    send,
    log,
    events,
    marks,
    gone,
    find: book.get,
  })
  const tellAll = (subscription: Subscription) => {
    for (const data of Object.values(state().routes)) {
      if (wants(subscription, 'failover.state.v1', data.route)) pushers.push({ subscription, data })
    }
  }
  book.reload(options.fileSubscribers)
  let stopHeartbeats: Cancel | undefined

  return {
    name: 'deliver',
    async start() {
      for (const subscription of book.all()) tellAll(subscription)
      const subscriptions = book.all
      stopHeartbeats ??= startHeartbeats({ clock, send, events, subscriptions, state, gone })
    },
    async stop() {
      stopHeartbeats?.()
      stopHeartbeats = undefined
      pushers.stop()
      marks.flush()
      await poster.close()
    },
    push(data, traceparent) {
      for (const subscription of book.all()) {
        const isWanted = wants(subscription, 'failover.state.v1', data.route)
        if (isWanted) pushers.push({ subscription, data, traceparent })
      }
    },
    observed: pushers.observed,
    subscribedRouters(route) {
      const told = book.all().filter((one) => wants(one, 'failover.state.v1', route))
      return [...new Set(told.map(({ router }) => router))]
    },
    ...createEditing({ book, pushers, events, tellAll }),
    test: (id) => dryRun({ subscription: book.get(id), state: state(), send }),
    deliveries: log.list,
    redeliver(id) {
      const delivery = log.get(id)
      return delivery !== undefined && pushers.redeliver(delivery.subscription, delivery.route)
    },
  }
}

type Editing = Pick<
  Delivery,
  'reload' | 'list' | 'get' | 'create' | 'patch' | 'remove' | 'rotateSecret'
>

interface EditingDeps {
  readonly book: SubscriptionBook
  readonly pushers: Pushers
  readonly events: DeliverEvents
  tellAll(subscription: Subscription): void
}

/** Whoever is new or changed is told the current state at once, as if never told before. */
function createEditing({ book, pushers, events, tellAll }: EditingDeps): Editing {
  const begin = (id: string, change: 'created' | 'changed') => {
    pushers.forget(id)
    const subscription = book.get(id)
    if (!subscription) return
    events.subscriptionChanged({ change, subscription: id, router: subscription.router })
    tellAll(subscription)
  }
  return {
    reload(fileSubscribers) {
      const before = book.all()
      for (const id of book.reload(fileSubscribers)) begin(id, 'changed')
      for (const { id } of before) if (!book.get(id)) pushers.forget(id)
    },
    list: () => book.all().map((subscription) => toSubscriptionView(subscription)),
    get(id) {
      const subscription = book.get(id)
      return subscription && toSubscriptionView(subscription)
    },
    async create(request) {
      const view = await book.create(request)
      begin(view.id, 'created')
      return view
    },
    async patch(id, request) {
      const view = await book.patch(id, request)
      if (view) begin(id, 'changed')
      return view
    },
    remove(id) {
      const router = book.get(id)?.router
      if (!book.remove(id) || router === undefined) return false
      pushers.forget(id)
      events.subscriptionChanged({ change: 'removed', subscription: id, router })
      return true
    },
    rotateSecret(id) {
      const view = book.rotateSecret(id)
      if (view)
        events.subscriptionChanged({ change: 'rotated', subscription: id, router: view.router })
      return view
    },
  }
}

type Reactions = Pick<PushersOptions, 'partialMs' | 'journal' | 'answered' | 'unobserved'>

function createReactions(options: DeliveryOptions): Reactions {
  const { clock, events, timings = createTimings() } = options
  const isActive = options.routerActive ?? (() => true)
  return {
    partialMs: timings.partialMs,
    journal: (row) => options.journal('signalbox_deliveries', row),
    answered: ({ subscription, ...answer }) =>
      options.answered({
        ...answer,
        subscription: subscription.id,
        router: subscription.router,
        atUnixMs: clock.nowMs(),
      }),
    unobserved(place, afterMs) {
      if (!isActive(place.route, place.router)) return false
      const seconds = Math.round(afterMs / 1_000)
      events.unobserved(place, afterMs)
      options.problem(
        `${place.router} has not observed ${place.route} ${place.generation} for ${seconds} s`,
        { ...place, after_ms: afterMs },
      )
      return true
    },
  }
}

function reportEnd(options: DeliveryOptions, { id, router, routes }: Subscription): void {
  options.events.subscriptionChanged({ change: 'ended', subscription: id, router })
  options.problem(
    `${router} answered 410: its subscription is ended, and it hears of no failover until its URL is changed`,
    { subscription: id, router, routes },
  )
}
