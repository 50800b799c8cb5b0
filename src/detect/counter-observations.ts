import type { FieldValue, Observation } from '../model/observation.ts'
import type { Lacking } from './counter-places.ts'
import { OUTCOMES, REACH_MAX_MS } from './status-reading.ts'

/** One status after the other; more time than this between them has more than one moment. */
const STEP_MS = 1_000

/**
 * Attempts that a router counted, as observations: of each step one per place and outcome, at its
 * end. Of a longer time, when statuses were lost or nobody listened, one a second, spread evenly; what
 * is too old for rules is left out.
 */
export function toObservations(
  router: string,
  feed: 'instead' | 'counted',
  counted: readonly Lacking[],
): Observation[] {
  const newestUnixMs = Math.max(...counted.map(({ untilUnixMs }) => untilUnixMs))
  return counted.flatMap((one) => {
    const fields = new Map<string, FieldValue>([
      ['route', one.route],
      ['target', one.target],
      ['outcome', OUTCOMES[one.outcome] ?? 'ok'],
    ])
    const base = {
      ...{ unit: 'attempt' as const, feed },
      source: { id: router, component: 'router' as const },
      field: (key: string) => fields.get(key),
    }
    return [...spread(one)]
      .filter(({ atUnixMs }) => atUnixMs > newestUnixMs - REACH_MAX_MS)
      .map(({ atUnixMs, count }) => {
        return { ...base, atUnixMs, startUnixMs: atUnixMs, weight: count, count }
      })
  })
}

function* spread({ count, fromUnixMs, untilUnixMs }: Lacking) {
  // Half a second of delay is still one step.
  const reachMs = Math.min(untilUnixMs - fromUnixMs, REACH_MAX_MS + STEP_MS)
  const share = reachMs / (untilUnixMs - fromUnixMs)
  const within = Math.round(count * share)
  const steps = Math.max(1, Math.round(reachMs / STEP_MS))
  let given = 0
  for (let step = 1; step <= steps; step++) {
    const due = Math.round((within * step) / steps) - given
    given += due
    if (due > 0) yield { atUnixMs: untilUnixMs - (steps - step) * STEP_MS, count: due }
  }
}
