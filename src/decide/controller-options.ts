import type { Failover } from '../config/failover.ts'
import type { Timings } from '../config/timings.ts'
import type { Clock } from '../lib/clock.ts'
import type { Transition } from '../model/route.ts'
import type { StateStore } from '../model/state-store.ts'
import type { DecideEvents } from '../telemetry/decide-events.ts'

export interface ControllerOptions {
  readonly failover: Failover
  readonly store: StateStore
  readonly clock: Clock
  readonly timings: Timings
  /** Called after the commit, in order. Must not throw. */
  publish(transition: Transition): void
  /** Routers that hold a subscription for the route. */
  subscribedRouters(route: string): readonly string[]
  /** Default `inc_` + sortable random text. */
  createIncidentId?(): string
  readonly stateUrl: string
  readonly events: DecideEvents
}
