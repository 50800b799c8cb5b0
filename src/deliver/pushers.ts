import type { StateData } from '../model/desired.ts'
import type { Generation } from '../model/generation.ts'
import type { ObservedMarks } from './observed-marks.ts'
import { createPusher, type Pusher } from './pusher.ts'
import type { Subscription } from './subscription.ts'
import type { PusherDeps } from './task.ts'

/** One pusher per (subscription, route), made when there is something to bring. */
export interface Pushers {
  push(input: PushInput): void
  observed(report: {
    readonly router: string
    readonly route: string
    readonly pair: Generation
  }): void
  /** False when nothing was ever pushed there. */
  redeliver(subscription: string, route: string): boolean
  /** The endpoint is gone: everything undelivered is dead. */
  end(subscription: string): void
  /** Forgets the subscription, as if it had never been told anything. */
  forget(subscription: string): void
  stop(): void
}

export interface PushInput {
  readonly subscription: Subscription
  readonly data: StateData
  readonly traceparent?: string | undefined
}

export interface PushersOptions extends PusherDeps {
  readonly marks: ObservedMarks
  find(subscription: string): Subscription | undefined
}

interface Held {
  readonly router: string
  readonly routes: Map<string, Pusher>
}

export function createPushers(options: PushersOptions): Pushers {
  const { marks, find } = options
  const held = new Map<string, Held>()
  const pusherOf = (subscription: Subscription, route: string): Pusher => {
    const { id, router } = subscription
    const own = held.get(id) ?? { router, routes: new Map<string, Pusher>() }
    held.set(id, own)
    const known = own.routes.get(route)
    if (known) return known
    const pusher = createPusher({
      ...options,
      subscription: () => find(id) ?? subscription,
      route,
      mark: marks.get(id, route),
      saveMark: (mark) => marks.set({ subscription: id, route }, mark),
    })
    own.routes.set(route, pusher)
    return pusher
  }
  const each = (subscription: string, act: (pusher: Pusher) => void) => {
    for (const pusher of held.get(subscription)?.routes.values() ?? []) act(pusher)
  }
  return {
    push: ({ subscription, data, traceparent }) =>
      pusherOf(subscription, data.route).push(data, traceparent),
    observed({ router, route, pair }) {
      for (const own of held.values()) {
        if (own.router === router) own.routes.get(route)?.observed(pair)
      }
    },
    redeliver(subscription, route) {
      const pusher = held.get(subscription)?.routes.get(route)
      pusher?.redeliver()
      return pusher !== undefined
    },
    end: (subscription) => each(subscription, (pusher) => pusher.end()),
    forget(subscription) {
      each(subscription, (pusher) => pusher.stop())
      held.delete(subscription)
      marks.forget(subscription)
    },
    stop() {
      for (const subscription of held.keys()) each(subscription, (pusher) => pusher.stop())
      held.clear()
    },
  }
}
