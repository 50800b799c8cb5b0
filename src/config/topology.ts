import type { Role } from '../model/attempt.ts'
import type { Failover } from './failover.ts'

/** What `failover.yaml` says of routes and targets, for everyone who only needs names. */
export interface Topology {
  readonly routes: readonly string[]
  hasRoute(route: string): boolean
  /** True when any route lists the target. */
  hasTarget(target: string): boolean
  roleOf(route: string, target: string): Role
}

export function createTopology(failover: Pick<Failover, 'routes'>): Topology {
  const roles = new Map<string, Map<string, Role>>()
  const targets = new Set<string>()
  for (const { route, primary, fallbacks } of failover.routes) {
    const own = new Map<string, Role>([[primary, 'primary']])
    for (const { target } of fallbacks) own.set(target, 'fallback')
    roles.set(route, own)
    for (const target of own.keys()) targets.add(target)
  }
  return {
    routes: [...roles.keys()],
    hasRoute: (route) => roles.has(route),
    hasTarget: (target) => targets.has(target),
    roleOf: (route, target) => roles.get(route)?.get(target) ?? 'unlisted',
  }
}
