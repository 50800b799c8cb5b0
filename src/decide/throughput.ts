import type { Failover } from '../config/failover.ts'
import type { Timings } from '../config/timings.ts'
import { compileMatchers, type FieldReader } from '../lib/matcher.ts'
import type { Observation } from '../model/observation.ts'
import type { StateStore } from '../model/state-store.ts'
import { createBestThroughput } from './best-throughput.ts'
import { binMsOf, type TargetBook } from './target-stats.ts'

// κ, the best ok throughput per ready worker that a target has shown over a full window, and the
// gauges that S2 and S12 read.

export interface Throughput {
  /** Takes the gauges it knows; ignores everything else. */
  observe(observation: Observation): void
  tick(nowMs: number): void
  readyWorkers(target: string, nowMs: number): number | undefined
  /** κ, requests per second and worker; undefined before one full window. */
  bestPerWorkerRps(target: string, nowMs: number): number | undefined
  /** A fallback's `capacity_rps: {metric}`; undefined while the metric is unknown. */
  metric(name: string, target: string): number | undefined
  reload(failover: Failover): void
}

interface Gauge {
  readonly value: number
  readonly atMs: number
}

interface Workers {
  readonly metric: string
  readonly target: string
  matches(read: FieldReader): boolean
}

const METRICS_MAX = 1_000

export function createThroughput(options: {
  readonly failover: Failover
  readonly targets: TargetBook
  readonly timings: Timings
  readonly store: StateStore
}): Throughput {
  const { targets, timings } = options
  const ready = new Map<string, Gauge>()
  const metrics = new Map<string, Gauge>()
  const measuredSince = new Map<string, number>()
  const peakReady = new Map<string, Gauge>()
  const best = createBestThroughput({ store: options.store, timings })
  const binMs = binMsOf(timings)
  let workers = workersOf(options.failover)
  let capacityMetrics = capacityMetricsOf(options.failover)
  let lastBin = -1

  const measure = (target: string, nowMs: number) => {
    const now = ready.get(target)?.value ?? 0
    const stats = targets.find('', target)
    if (now <= 0 || !stats) {
      measuredSince.delete(target)
      return
    }
    // The most workers of the window divide: a best that is too low only makes coming back careful.
    const peak = peakReady.get(target)
    if (!peak || now >= peak.value || nowMs - peak.atMs > timings.throughputWindowMs) {
      peakReady.set(target, { value: now, atMs: nowMs })
    }
    const sinceMs = measuredSince.get(target) ?? nowMs
    measuredSince.set(target, sinceMs)
    if (nowMs - sinceMs < timings.throughputWindowMs) return
    // The bin that has just begun is left out: 60 whole ones are a full window.
    const { ok } = stats.bins.sum(nowMs - binMs, timings.throughputWindowMs)
    const okPerS = (ok * 1_000) / timings.throughputWindowMs
    best.offer(target, nowMs, okPerS / (peakReady.get(target)?.value ?? now))
  }

  return {
    observe(observation) {
      if (observation.unit !== 'metric') return
      const name = observation.field('metric')
      const value = Number(observation.field('value'))
      if (typeof name !== 'string' || !Number.isFinite(value)) return
      const gauge = { value, atMs: observation.atUnixMs }
      for (const one of workers) {
        if (one.metric === name && one.matches((key) => observation.field(key))) {
          if (gauge.atMs >= (ready.get(one.target)?.atMs ?? 0)) ready.set(one.target, gauge)
        }
      }
      if (!capacityMetrics.has(name)) return
      const key = JSON.stringify([name, observation.field('target') ?? ''])
      if (metrics.has(key) || metrics.size < METRICS_MAX) metrics.set(key, gauge)
    },
    tick(nowMs) {
      const bin = Math.floor(nowMs / binMs)
      if (bin === lastBin) return
      lastBin = bin
      for (const { target } of workers) measure(target, nowMs)
      best.save(nowMs)
    },
    readyWorkers(target, nowMs) {
      const gauge = ready.get(target)
      return gauge && nowMs - gauge.atMs <= timings.attemptMemoryMs ? gauge.value : undefined
    },
    bestPerWorkerRps: best.of,
    metric: (name, target) =>
      (metrics.get(JSON.stringify([name, target])) ?? metrics.get(JSON.stringify([name, ''])))
        ?.value,
    reload(failover) {
      workers = workersOf(failover)
      capacityMetrics = capacityMetricsOf(failover)
    },
  }
}

function workersOf(failover: Failover): readonly Workers[] {
  return Object.entries(failover.targets).flatMap(([target, { ready_workers: gauge }]) =>
    gauge ? [{ metric: gauge.metric, target, matches: compileMatchers(gauge.where as never) }] : [],
  )
}

function capacityMetricsOf(failover: Failover): ReadonlySet<string> {
  const capacities = failover.routes.flatMap((route) =>
    route.fallbacks.map((fallback) => fallback.capacity_rps),
  )
  return new Set(capacities.flatMap((one) => (typeof one === 'object' ? [one.metric] : [])))
}
