import type { Effect, GaugeName, Scenario } from './scenario.ts'
import type { FailureName, Where } from './scenario-failures.ts'

type EffectOf<K extends Effect['does']> = Extract<Effect, { does: K }>

/** What holds in one slice of time, all faults together. */
export interface Weather {
  readonly loadTimes: number
  readonly fails: readonly Failing[]
  readonly slows: readonly { readonly times: number; readonly where: Where }[]
  readonly tail: EffectOf<'slow-tail'> | undefined
  /** Attempts there do not end before `untilS`. */
  readonly hangs: readonly { readonly where: Where; readonly untilS: number }[]
  readonly silent: ReadonlySet<string>
  readonly gauges: ReadonlyMap<GaugeName, number>
  readonly says: readonly (EffectOf<'log'> | EffectOf<'event'>)[]
  readonly flaggedShare: number | undefined
  readonly rejectedShare: number | undefined
  readonly costTimes: number
  readonly classWeights: readonly number[] | undefined
  readonly promptWeights: readonly number[] | undefined
  readonly canaryShare: number
  readonly attemptsMax: number | undefined
  readonly movedShare: number | undefined
  readonly poisonEveryS: number | undefined
}

export interface Failing {
  readonly share: number
  readonly failure: FailureName
  readonly where: Where
}

/** What holds at `atS`; asked for slice after slice. */
export function createWeather({ faults }: Scenario): (atS: number) => Weather {
  let known: Weather | undefined
  let knownKey = ''
  const isChanging = (effect: Effect) =>
    'shareTo' in effect || 'timesTo' in effect || 'turns' in effect
  return (atS) => {
    const active = faults.filter(({ fromS, untilS }) => atS >= fromS && atS < untilS)
    const isFresh = active.some(({ effects }) => effects.some(isChanging))
    const key = active.map((fault) => faults.indexOf(fault)).join()
    if (known && key === knownKey && !isFresh) return known
    knownKey = key
    const placed = active.flatMap((fault) =>
      fault.effects.map((effect) => ({ effect, fault, progress: progressOf(fault, atS) })),
    )
    known = summed(placed, atS)
    return known
  }
}

interface Placed {
  readonly effect: Effect
  readonly fault: { readonly fromS: number; readonly untilS: number }
  /** 0 at the start of the fault, 1 at its end. */
  readonly progress: number
}

function summed(placed: readonly Placed[], atS: number): Weather {
  const of = <K extends Effect['does']>(does: K) =>
    placed.flatMap((one) =>
      one.effect.does === does ? [{ ...one, effect: one.effect as EffectOf<K> }] : [],
    )
  const last = <K extends Effect['does']>(does: K) => of(does).at(-1)?.effect
  const mixOf = (what: 'class' | 'prompt') =>
    of('mix').findLast(({ effect }) => effect.of === what)?.effect.weights
  return {
    loadTimes: of('load').reduce(
      (times, { effect, progress }) => times * drift(effect.times, effect.timesTo, progress),
      1,
    ),
    fails: of('fail').flatMap(({ effect, fault, progress }) => {
      const { share, shareTo, failure, where = {}, turns } = effect
      const isOff = turns && (atS - fault.fromS) % (turns.onS + turns.offS) >= turns.onS
      return isOff ? [] : [{ share: drift(share, shareTo, progress), failure, where }]
    }),
    slows: of('slow').map(({ effect, progress }) => ({
      times: drift(effect.times, effect.timesTo, progress),
      where: effect.where ?? {},
    })),
    tail: last('slow-tail'),
    hangs: of('hang').map(({ effect, fault }) => ({
      where: effect.where ?? {},
      untilS: fault.untilS,
    })),
    silent: new Set(of('silence').map(({ effect }) => effect.who)),
    gauges: new Map(of('gauge').map(({ effect }) => [effect.gauge, effect.value])),
    says: [...of('log'), ...of('event')].map(({ effect }) => effect),
    flaggedShare: last('flag')?.share,
    rejectedShare: last('reject')?.share,
    costTimes: last('cost')?.times ?? 1,
    classWeights: mixOf('class'),
    promptWeights: mixOf('prompt'),
    canaryShare: last('canary')?.share ?? 0,
    attemptsMax: last('retry')?.attempts,
    movedShare: last('move')?.share,
    poisonEveryS: last('poison')?.everyS,
  }
}

function progressOf(fault: Placed['fault'], atS: number): number {
  return (atS - fault.fromS) / Math.max(1, fault.untilS - fault.fromS)
}

function drift(from: number, to: number | undefined, progress: number): number {
  return to === undefined ? from : from + (to - from) * progress
}
