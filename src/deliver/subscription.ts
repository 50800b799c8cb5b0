import { createHash } from 'node:crypto'
import type { FileSubscriber } from '../config/subscribers.ts'
import type { SubscriptionEvent, SubscriptionView } from '../model/delivery.ts'
import type { Origin } from './egress.ts'

/** Who is told, where, of what. Stored as it is; the secrets never leave by a view. */
export interface Subscription {
  readonly id: string
  readonly url: string
  readonly routes: readonly string[]
  readonly events: readonly SubscriptionEvent[]
  readonly router: string
  readonly origin: Origin
  readonly createdUnixMs: number
  /** Ended by the endpoint itself (410). */
  readonly disabledUnixMs?: number
  /** Newest first; an old one goes on signing until its end. */
  readonly secrets: readonly { readonly text: string; readonly untilUnixMs?: number }[]
}

export function secretsAt(subscription: Subscription, nowMs: number): string[] {
  return subscription.secrets
    .filter(({ untilUnixMs }) => untilUnixMs === undefined || untilUnixMs > nowMs)
    .map(({ text }) => text)
}

/** True when it is to be told of the event for the route. */
export function wants(
  subscription: Subscription,
  event: SubscriptionEvent,
  route?: string,
): boolean {
  const { disabledUnixMs, events, routes } = subscription
  if (disabledUnixMs !== undefined || !events.includes(event)) return false
  return route === undefined || routes.includes('*') || routes.includes(route)
}

/** `secret` only in the answer that made it. */
export function toSubscriptionView(subscription: Subscription, secret?: string): SubscriptionView {
  const { id, url, routes, events, router, origin, disabledUnixMs } = subscription
  return {
    id,
    url,
    routes,
    events,
    router,
    resolve: 'one',
    origin,
    created_at: new Date(subscription.createdUnixMs).toISOString(),
    ...(disabledUnixMs !== undefined && { disabled_at: new Date(disabledUnixMs).toISOString() }),
    ...(secret !== undefined && { secret }),
  }
}

/** The same router and address are the same subscription, whatever else changes in the file. */
export function fromFile(subscriber: FileSubscriber, nowMs: number): Subscription {
  const { secrets, ...own } = subscriber
  const digest = createHash('sha256')
    .update(JSON.stringify([own.router, own.url]))
    .digest('hex')
  return {
    ...own,
    id: `sub_${digest.slice(0, 20)}`,
    origin: 'file',
    createdUnixMs: nowMs,
    secrets: secrets.map((text) => ({ text })),
  }
}
