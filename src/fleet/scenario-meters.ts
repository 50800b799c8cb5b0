import type { FieldValue, Observation, Source } from '../model/observation.ts'
import { FALLBACK, PRIMARY } from './fleet-plan.ts'
import type { Random } from './random.ts'
import type { GaugeName, Scenario } from './scenario.ts'
import type { ScenarioFleet } from './scenario-fleet.ts'
import { AUTOSCALER, DEPLOYMENT, said } from './scenario-says.ts'
import type { Weather } from './scenario-weather.ts'

/** Readings of the platform and of every worker. */
export interface Meters {
  platform(atUnixMs: number, weather: Weather): Observation[]
  workers(atUnixMs: number, weather: Weather): Observation[]
  rendered(worker: string): void
}

export interface MetersOptions {
  readonly scenario: Scenario
  readonly fleet: ScenarioFleet
  readonly random: Random
}

/** How many replicas the autoscaler may add. */
const SPARE = 8
/** Requests that usually wait, in the whole pool. */
const QUEUE = 12
type Point = Readonly<Record<string, FieldValue>> & { readonly metric: string }

export function createMeters({ scenario, fleet, random }: MetersOptions): Meters {
  const { load } = scenario
  const { unit } = random
  const renders = new Map<string, number>()

  const healthy = (): Record<GaugeName, number> => ({
    ...{ desired: load.workers, available: load.workers, max: load.workers + SPARE },
    ...{ queue: Math.round(QUEUE * (0.7 + 0.6 * unit())), 'worker-queue': 0 },
  })
  const workerPoints = (source: Source, target: string, atUnixMs: number) => {
    const own = { worker: source.id, service: 'sd-worker', gpu: '0', 'hw.id': '0', target }
    const value = renders.get(source.id) ?? 0
    return [
      point(source, atUnixMs, { ...own, metric: 'signalbox.worker.renders', value }),
      point(source, atUnixMs, { ...own, metric: 'hw.gpu.utilization', value: 0.4 + unit() / 3 }),
    ]
  }
  return {
    rendered: (worker) => void renders.set(worker, (renders.get(worker) ?? 0) + 1),
    platform(atUnixMs, { gauges }) {
      const now = { ...healthy(), ...Object.fromEntries(gauges) }
      const deployment = { target: PRIMARY, 'k8s.deployment.name': DEPLOYMENT }
      const hpa = { target: PRIMARY, 'k8s.hpa.name': DEPLOYMENT }
      const points: Point[] = [
        { ...deployment, metric: 'k8s.deployment.desired_pods', value: now.desired },
        { ...deployment, metric: 'k8s.deployment.available_pods', value: now.available },
        { ...hpa, metric: 'k8s.hpa.desired_replicas', value: now.desired },
        // Pods that are asked for are current, ready or not.
        { ...hpa, metric: 'k8s.hpa.current_replicas', value: now.desired },
        { ...hpa, metric: 'k8s.hpa.max_replicas', value: now.max },
      ]
      if (!load.queuesPerWorker)
        points.push({ target: PRIMARY, metric: 'signalbox.queue.depth', value: now.queue })
      return points.map((one) => point(AUTOSCALER, atUnixMs, one))
    },
    workers(atUnixMs, { gauges }) {
      const present = fleet.workers.filter(({ id }) => !fleet.isGone(id, atUnixMs))
      const depth = (source: Source) => {
        const value = gauges.get('worker-queue') ?? Math.round(unit() * 2)
        const own = { worker: source.id, target: PRIMARY, metric: 'signalbox.queue.depth', value }
        return point(source, atUnixMs, own)
      }
      return [
        ...present.flatMap((source) => workerPoints(source, PRIMARY, atUnixMs)),
        ...fleet.edge.flatMap((source) => workerPoints(source, FALLBACK, atUnixMs)),
        ...(load.queuesPerWorker ? present.map(depth) : []),
      ]
    },
  }
}

function point(source: Source, atUnixMs: number, fields: Point): Observation {
  const all = new Map(Object.entries(fields)).set('name', fields.metric)
  return said({ unit: 'metric', source, atUnixMs, fields: all })
}
