import type { Role } from '../model/attempt.ts'
import type { Failover } from './failover.ts'

/** What `failover.yaml` says of routes and targets, for everyone who only needs names. */
export interface Topology {
  readonly routes: readonly string[]
  hasRoute(route: string): boolean
  /** True when any route lists the target. */
  hasTarget(target: string): boolean
  roleOf(route: string, target: string): Role
  /** A request of the route without an end by then has failed. */
  deadlineMsOf(route: string): number
}

/** Of routes that no file names. */
const DEADLINE_MS = 120_000

export function createTopology(failover: Pick<Failover, 'routes'>): Topology {
  const roles = new Map<string, Map<string, Role>>()
  const targets = new Set<string>()
  const deadlines = new Map<string, number>()
  for (const { route, primary, fallbacks, deadline } of failover.routes) {
    const own = new Map<string, Role>([[primary, 'primary']])
    for (const { target } of fallbacks) own.set(target, 'fallback')
    roles.set(route, own)
    deadlines.set(route, deadline)
    for (const target of own.keys()) targets.add(target)
  }
  return {
    routes: [...roles.keys()],
    hasRoute: (route) => roles.has(route),
    hasTarget: (target) => targets.has(target),
    roleOf: (route, target) => roles.get(route)?.get(target) ?? 'unlisted',
    // Built by hand, a route may lack what the file's reader adds.
    deadlineMsOf: (route) => deadlines.get(route) ?? DEADLINE_MS,
  }
}
