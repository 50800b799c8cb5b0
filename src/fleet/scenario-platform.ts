import type { Observation } from '../model/observation.ts'
import type { EventName } from './scenario-events.ts'
import { createMeters, type MetersOptions } from './scenario-meters.ts'
import { logged, told } from './scenario-says.ts'
import type { Weather } from './scenario-weather.ts'

/** What workers and the platform say beside their spans: logs, events, metrics. */
export interface Platform {
  /** All that is said in [fromUnixMs, untilUnixMs). */
  slice(fromUnixMs: number, untilUnixMs: number, weather: Weather): readonly Observation[]
  /** A render ended on this worker. */
  rendered(worker: string): void
}

const PLATFORM_EVERY_MS = 10_000
const WORKER_EVERY_MS = 30_000
const ROUTINE_EVERY_MS = 10_000

export function createPlatform(options: MetersOptions): Platform {
  const { fleet, random } = options
  const counts = new Map<EventName, number>()
  const meters = createMeters(options)
  const { unit } = random

  const routine = (atUnixMs: number) =>
    fleet.workers
      .filter(({ id }) => !fleet.isGone(id, atUnixMs))
      .map((worker) =>
        logged({ worker, atUnixMs, name: unit() < 0.8 ? 'routine' : 'routine-cache' }),
      )
  const event = (name: EventName, atUnixMs: number) => {
    const count = (counts.get(name) ?? 0) + 1
    counts.set(name, count)
    return told(name, atUnixMs, count)
  }
  const spoken = (effect: Weather['says'][number], turn: number, atUnixMs: number) => {
    if (effect.does === 'event') return effect.events.map((name) => event(name, atUnixMs))
    const worker = fleet.workers[turn % Math.min(effect.workers, fleet.workers.length)]
    const name = effect.texts[turn % effect.texts.length]
    return worker && name ? [logged({ worker, atUnixMs, name })] : []
  }
  return {
    rendered: meters.rendered,
    slice(fromUnixMs, untilUnixMs, weather) {
      const moments = (everyMs: number) => momentsIn({ fromUnixMs, untilUnixMs, everyMs })
      return [
        ...moments(PLATFORM_EVERY_MS).flatMap((atMs) => meters.platform(atMs, weather)),
        ...moments(WORKER_EVERY_MS).flatMap((atMs) => meters.workers(atMs, weather)),
        ...moments(ROUTINE_EVERY_MS).flatMap(routine),
        ...weather.says.flatMap((effect) =>
          moments(effect.everyS * 1_000).flatMap((atMs) =>
            spoken(effect, Math.round(atMs / effect.everyS / 1_000), atMs),
          ),
        ),
      ]
    },
  }
}

/** Multiples of `everyMs` in [from, until). */
function momentsIn(span: { fromUnixMs: number; untilUnixMs: number; everyMs: number }): number[] {
  const { fromUnixMs, untilUnixMs, everyMs } = span
  const moments: number[] = []
  let atMs = Math.ceil(fromUnixMs / everyMs) * everyMs
  for (; atMs < untilUnixMs; atMs += everyMs) moments.push(atMs)
  return moments
}
