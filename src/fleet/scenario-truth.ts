import type { FaultTruth, Scenario, ScenarioFault } from './scenario.ts'
import { FAILURES, type Failure } from './scenario-failures.ts'
import { SCENARIO_START_UNIX_MS } from './scenario-fleet.ts'

/** What really happened in a scenario. */
export function truthOf({ faults }: Scenario): FaultTruth[] {
  return faults.map((fault) => {
    const { kind, fromS, untilS, expects, tolerates = [], by = {} } = fault
    const failing = failingOf(fault)
    return {
      ...{ kind, expects, by },
      tolerates: [...tolerates, ...expects.flatMap((rule) => TWINS[rule] ?? [])],
      fromUnixMs: SCENARIO_START_UNIX_MS + fromS * 1_000,
      untilUnixMs: SCENARIO_START_UNIX_MS + untilS * 1_000,
      ...(failing && { failing }),
    }
  })
}

/**
 * Rules that hear of the same fault in another place: texts, exceptions, spans, counters, status codes.
 * They may fire where the one that is expected does.
 */
const TWINS: Readonly<Record<string, readonly string[]>> = {
  'oom-storm': ['oom-storm-exceptions', 'oom-storm-exception-types', 'oom-storm-spans'],
  'oom-storm-spans': ['oom-storm', 'oom-storm-exceptions', 'oom-storm-exception-types'],
  'oom-cascade': ['oom-storm', 'oom-storm-exception-types', 'oom-storm-spans'],
  'upload-throttled': ['upload-throttled-spans'],
  'credit-exhausted': ['credit-exhausted-logs'],
  'gpu-xid': ['gpu-xid-dcgm', 'gpu-unhealthy'],
  'gpu-lost': ['gpu-xid', 'gpu-xid-dcgm', 'gpu-unhealthy'],
  // A canary of the whole pipeline is a new build of its workers too.
  'canary-worse': ['worker-build-worse'],
}

/** The one steady failure of all attempts on the primary, where that is all of the fault. */
function failingOf({ effects }: ScenarioFault): FaultTruth['failing'] | undefined {
  const [only, ...others] = effects
  if (only?.does !== 'fail' || others.length > 0) return undefined
  if (only.where || only.turns || only.shareTo !== undefined) return undefined
  const { afterMs = 0 }: Failure = FAILURES[only.failure]
  return { share: only.share, afterMs }
}
