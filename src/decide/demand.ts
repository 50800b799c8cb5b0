import type { Failover } from '../config/failover.ts'
import type { Timings } from '../config/timings.ts'
import { compileMatchers, type FieldReader } from '../lib/matcher.ts'
import type { Observation } from '../model/observation.ts'
import { createBins } from './bins.ts'
import { binMsOf, type TargetBook } from './target-stats.ts'

/** What users ask of each route, and how much of it each fallback would take (S2, S6). */
export interface Demand {
  /** Requests, or attempts where a router sends no requests. */
  note(observation: Observation, nowMs: number): void
  /**
   * Share 0..1 of the last minute's requests that are of a class the fallback accepts. Null when
   * none was seen that says its class: silence of the telemetry is no reason to refuse a move.
   */
  acceptedShare(route: string, target: string, nowMs: number): number | null
  reload(failover: Failover): void
}

interface Gate {
  readonly keys: readonly string[]
  accepts(read: FieldReader): boolean
  /** ok = accepted, failed = not accepted. */
  readonly requests: ReturnType<typeof createBins>
  readonly attempts: ReturnType<typeof createBins>
}

export function createDemand(options: {
  readonly failover: Failover
  readonly targets: TargetBook
  readonly timings: Timings
}): Demand {
  const { targets, timings } = options
  const gates = new Map<string, Map<string, Gate>>()
  const newBins = () => createBins({ binMs: binMsOf(timings), binCount: 60 })

  const reload = (failover: Failover) => {
    gates.clear()
    for (const { route, fallbacks } of failover.routes) {
      const own = new Map<string, Gate>()
      gates.set(route, own)
      for (const { target, accepts } of fallbacks) {
        if (Object.keys(accepts).length === 0) continue
        own.set(target, {
          keys: Object.keys(accepts),
          accepts: compileMatchers(accepts),
          requests: newBins(),
          attempts: newBins(),
        })
      }
    }
  }
  reload(options.failover)

  return {
    reload,
    note(observation, nowMs) {
      const served = observation.request ?? observation.attempt
      if (!served || !gates.has(served.route)) return
      const weight = observation.weight
      if (observation.request) targets.request(served.route, served.outcome, { nowMs, weight })
      for (const gate of gates.get(served.route)?.values() ?? []) {
        const bins = observation.request ? gate.requests : gate.attempts
        if (gate.keys.some((key) => observation.field(key) === undefined)) continue
        const isAccepted = gate.accepts((key) => observation.field(key))
        bins.add(nowMs, isAccepted ? 'ok' : 'failed', weight)
      }
    },
    acceptedShare(route, target, nowMs) {
      const gate = gates.get(route)?.get(target)
      if (!gate) return null
      for (const bins of [gate.requests, gate.attempts]) {
        const { ok, failed } = bins.sum(nowMs, timings.throughputWindowMs)
        if (ok + failed > 0) return ok / (ok + failed)
      }
      return null
    },
  }
}
