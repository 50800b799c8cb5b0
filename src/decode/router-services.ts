import type { Source } from '../model/observation.ts'
import { createRecentMap } from './recent-map.ts'
import type { ResourceFacts } from './resource.ts'

/** Knows which services are routers although nobody says so: their spans carry `signalbox.route`. */
export interface RouterServices {
  learn(service: string, nowMs: number): void
  sourceOf(resource: ResourceFacts, nowMs: number): Source
}

/** A fleet has dozens. */
const SERVICES_MAX = 1_000

export function createRouterServices(): RouterServices {
  const known = createRecentMap<true>({
    countMax: SERVICES_MAX,
    ageMaxMs: Number.POSITIVE_INFINITY,
  })
  return {
    learn(service, nowMs) {
      if (service !== '') known.set(service, true, nowMs)
    },
    sourceOf({ instance, component, serviceName }, nowMs) {
      const isLearned = known.get(serviceName, nowMs) === true
      return { id: instance, component: component ?? (isLearned ? 'router' : 'other') }
    },
  }
}
