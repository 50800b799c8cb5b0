import type { Observation, Source } from '../model/observation.ts'
import { FALLBACK, PRIMARY } from './fleet-plan.ts'
import type { Effect, Scenario } from './scenario.ts'
import type { Tried } from './scenario-asked.ts'
import type { Failure } from './scenario-failures.ts'
import { EPOCH } from './scenario-routers.ts'

/** Who there is, and who is gone when. */
export interface ScenarioFleet {
  readonly routers: readonly Source[]
  /** Of the primary. */
  readonly workers: readonly Source[]
  /** Of the fallback. */
  readonly edge: readonly Source[]
  unixMs(atS: number): number
  /** Load by the hour of the day, 1 at its usual height. */
  dayTimes(unixMs: number): number
  pickRouter(unit: number, unixMs: number): Source
  pickWorker(target: string, unit: number, unixMs: number): Source
  isGone(id: string, unixMs: number): boolean
  /** When a worker is next taken down at or after `unixMs`; Infinity when it is not. */
  killedUnixMs(worker: string, unixMs: number): number
  /** `EPOCH.GENERATION` that a router serves under. */
  generationOf(router: string, unixMs: number): string
  generationNumberOf(router: string, unixMs: number): number
}

/** Where what happens is told. */
export interface Outlets {
  attempt(tried: Tried): void
  request(tried: Tried): void
  render(render: Render): void
  log(observation: Observation): void
}

export interface Render {
  readonly tried: Tried
  readonly worker: Source
  readonly failure: Failure | undefined
}

// Midday, so that a day of load has its night in the middle.
export const SCENARIO_START_UNIX_MS = Date.UTC(2026, 0, 11, 12)
const HOUR_MS = 3_600_000
const FALLBACK_WORKERS = 4
const OLD_GENERATION = 57
const PAIRS: Readonly<Record<number, string>> = {
  [OLD_GENERATION]: `${EPOCH}.${OLD_GENERATION}`,
  [OLD_GENERATION + 1]: `${EPOCH}.${OLD_GENERATION + 1}`,
}

export function createScenarioFleet({ load, faults }: Scenario): ScenarioFleet {
  const unixMs = (atS: number) => SCENARIO_START_UNIX_MS + atS * 1_000
  const routers = sources('router', load.routers, 'router')
  const workers = sources(PRIMARY, load.workers, 'worker')
  const edge = sources(FALLBACK, FALLBACK_WORKERS, 'worker')
  const effects = faults.flatMap((fault) => fault.effects.map((effect) => ({ effect, fault })))
  const absences = absencesOf(effects, { workers, routers, unixMs })
  const old = effects.find(({ effect }) => effect.does === 'stay-old')

  const isGone = (id: string, atUnixMs: number) =>
    absences.get(id)?.some(({ fromMs, untilMs }) => atUnixMs >= fromMs && atUnixMs < untilMs) ??
    false
  const pick = (from: readonly Source[], unit: number, atUnixMs: number): Source => {
    const first = Math.floor(unit * from.length)
    for (let step = 0; step < from.length; step++) {
      const source = from[(first + step) % from.length] as Source
      if (absences.size === 0 || !isGone(source.id, atUnixMs)) return source
    }
    return from[first] as Source
  }
  const generationNumberOf = (router: string, atUnixMs: number) => {
    if (old?.effect.does !== 'stay-old' || atUnixMs < unixMs(old.fault.fromS)) return OLD_GENERATION
    const isOld = old.effect.router === router && atUnixMs < unixMs(old.fault.untilS)
    return OLD_GENERATION + Number(!isOld)
  }
  return {
    routers,
    workers,
    edge,
    unixMs,
    isGone,
    dayTimes: (atUnixMs) => (load.shape === 'night' ? nightTimes(atUnixMs) : 1),
    pickRouter: (unit, atUnixMs) => pick(routers, unit, atUnixMs),
    pickWorker: (target, unit, atUnixMs) =>
      pick(target === PRIMARY ? workers : edge, unit, atUnixMs),
    killedUnixMs: (worker, atUnixMs) =>
      absences.get(worker)?.find(({ fromMs }) => fromMs >= atUnixMs)?.fromMs ??
      Number.POSITIVE_INFINITY,
    generationNumberOf,
    generationOf: (router, atUnixMs) => PAIRS[generationNumberOf(router, atUnixMs)] ?? '',
  }
}

function sources(prefix: string, count: number, component: 'router' | 'worker'): Source[] {
  return Array.from({ length: count }, (_, index) => {
    const number = String(index + 1).padStart(component === 'router' ? 1 : 2, '0')
    return { id: `${prefix}-${number}`, component }
  })
}

interface Absence {
  readonly fromMs: number
  readonly untilMs: number
}

/** One after the other, each for `goneS`. */
function absencesOf(
  effects: readonly { readonly effect: Effect; readonly fault: { readonly fromS: number } }[],
  fleet: Pick<ScenarioFleet, 'workers' | 'routers' | 'unixMs'>,
): ReadonlyMap<string, readonly Absence[]> {
  const absences = new Map<string, Absence[]>()
  for (const { effect, fault } of effects) {
    if (effect.does !== 'restart') continue
    fleet[effect.who].forEach(({ id }, index) => {
      const fromMs = fleet.unixMs(fault.fromS + index * effect.goneS)
      const own = absences.get(id) ?? []
      absences.set(id, [...own, { fromMs, untilMs: fromMs + effect.goneS * 1_000 }])
    })
  }
  return absences
}

/** Nothing from 1:00 to 5:00, rising and falling over two hours beside it. */
function nightTimes(unixMs: number): number {
  const hour = (unixMs / HOUR_MS) % 24
  if (hour < 1) return (1 - hour) / 2
  if (hour < 5) return 0
  if (hour < 7) return (hour - 5) / 2
  return hour >= 23 ? (25 - hour) / 2 : 1
}
