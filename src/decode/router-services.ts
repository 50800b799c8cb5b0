import type { Source } from '../model/observation.ts'
import { createRecentMap } from './recent-map.ts'
import type { ResourceFacts } from './resource.ts'
import type { SpanFacts } from './span-facts.ts'

/** Knows which services are routers although nobody says so: their spans carry `signalbox.route`. */
export interface RouterServices {
  learn(spans: readonly SpanFacts[], nowMs: number): void
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
    learn(spans, nowMs) {
      for (const { attributes, resource } of spans) {
        const isNew = resource.component === undefined && resource.serviceName !== ''
        if (isNew && attributes.get('signalbox.route') !== undefined)
          known.set(resource.serviceName, true, nowMs)
      }
    },
    sourceOf({ instance, component, serviceName }, nowMs) {
      const isLearned = known.get(serviceName, nowMs) === true
      return { id: instance, component: component ?? (isLearned ? 'router' : 'other') }
    },
  }
}
