import type { Attempt, Served } from '../model/attempt.ts'
import { compareGenerations, type Generation, parseGeneration } from '../model/generation.ts'
import type { Observation } from '../model/observation.ts'

/** Which attempts and requests still count after the weights of their route changed. */
export interface Restarts {
  restart(route: string, pair: Generation, atUnixMs: number): void
  /** False for what was started under an older pair than its route's last restart. */
  isCurrent(observation: Observation): boolean
}

export function createRestarts(pairOf: (attempt: Attempt) => Generation | undefined): Restarts {
  const least = new Map<string, { pair: Generation; atUnixMs: number }>()
  const pairOfServed = (served: Served, attempt: Attempt | undefined) =>
    parseGeneration(served.generation) ?? (attempt && pairOf(attempt))
  return {
    restart(route, pair, atUnixMs) {
      least.set(route, { pair, atUnixMs })
    },
    isCurrent({ attempt, request, startUnixMs }) {
      const served = attempt ?? request
      const limit = served && least.get(served.route)
      if (!served || !limit) return true
      const pair = pairOfServed(served, attempt)
      // Nobody knows its pair: then what started before the restart was started under the old one.
      return pair ? compareGenerations(pair, limit.pair) >= 0 : startUnixMs >= limit.atUnixMs
    },
  }
}
