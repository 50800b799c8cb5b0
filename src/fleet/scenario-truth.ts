import type { FaultTruth, Scenario, ScenarioFault } from './scenario.ts'
import { FAILURES, type Failure } from './scenario-failures.ts'
import { SCENARIO_START_UNIX_MS } from './scenario-fleet.ts'

/** What really happened in a scenario. */
export function truthOf({ faults }: Scenario): FaultTruth[] {
  return faults.map((fault) => {
    const { kind, fromS, untilS, expects, tolerates = [], by = {} } = fault
    const failing = failingOf(fault)
    return {
      ...{ kind, expects, tolerates, by },
      fromUnixMs: SCENARIO_START_UNIX_MS + fromS * 1_000,
      untilUnixMs: SCENARIO_START_UNIX_MS + untilS * 1_000,
      ...(failing && { failing }),
    }
  })
}

/** The one steady failure of all attempts on the primary, where that is all of the fault. */
function failingOf({ effects }: ScenarioFault): FaultTruth['failing'] | undefined {
  const [only, ...others] = effects
  if (only?.does !== 'fail' || others.length > 0) return undefined
  if (only.where || only.turns || only.shareTo !== undefined) return undefined
  const { afterMs = 0 }: Failure = FAILURES[only.failure]
  return { share: only.share, afterMs }
}
