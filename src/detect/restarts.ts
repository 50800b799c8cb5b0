import type { Attempt, Served } from '../model/attempt.ts'
import { compareGenerations, type Generation, parseGeneration } from '../model/generation.ts'
import type { Observation } from '../model/observation.ts'

/** Which attempts and requests still count after the weights of their route changed. */
export interface Restarts {
  restart(route: string, pair: Generation, atUnixMs: number): void
  /** False for what was started under an older pair than its route's last restart. */
  isCurrent(observation: Observation): boolean
  /** The pair of a route's last restart. */
  pairAt(route: string): Generation | undefined
  save(): unknown
  load(saved: unknown): void
}

export function createRestarts(pairOf: (attempt: Attempt) => Generation | undefined): Restarts {
  const least = new Map<string, { pair: Generation; atUnixMs: number }>()
  const pairOfServed = (served: Served, attempt: Attempt | undefined) =>
    parseGeneration(served.generation) ?? (attempt && pairOf(attempt))
  return {
    restart(route, pair, atUnixMs) {
      least.set(route, { pair, atUnixMs })
    },
    pairAt: (route) => least.get(route)?.pair,
    save: () => [...least],
    load(saved) {
      for (const [route, limit] of saved as [string, { pair: Generation; atUnixMs: number }][])
        least.set(route, limit)
    },
    isCurrent(observation) {
      if (least.size === 0) return true
      const { attempt, request, startUnixMs } = observation
      const served = attempt ?? request
      const limit = served && least.get(served.route)
      if (!served || !limit) return true
      const pair = pairOfServed(served, attempt)
      // Nobody knows its pair: then what started before the restart was started under the old one.
      return pair ? compareGenerations(pair, limit.pair) >= 0 : startUnixMs >= limit.atUnixMs
    },
  }
}

/**
 * The field `generation_behind`: 1 for what names an older pair than its route is at, 0 for the same
 * or a newer one (a router may hear of it first), absent for what names none.
 */
export function createGenerationBehind(pairAt: (route: string) => Generation | undefined) {
  return (observation: Observation): number | undefined => {
    const route = observation.field('route')
    const generation = observation.field('generation')
    const said = typeof generation === 'string' ? parseGeneration(generation) : undefined
    const now = typeof route === 'string' ? pairAt(route) : undefined
    return said && now && (compareGenerations(said, now) < 0 ? 1 : 0)
  }
}
