import { AttemptPiles } from '../../src/detect/attempt-piles.ts'
import { Columns } from '../../src/detect/columns.ts'
import { createOnsets, type Onsets } from '../../src/detect/onset.ts'
import { createRandom } from '../../src/fleet/random.ts'
import type { Observation } from '../../src/model/observation.ts'

// A primary that fails from a planted moment on, seen by the onset alone.

export const T = Date.UTC(2026, 0, 11, 14, 26, 0)

export interface Tried {
  readonly startUnixMs: number
  readonly endUnixMs: number
  readonly outcome: 'ok' | 'failed' | 'rejected' | 'cancelled'
  readonly route?: string
  readonly target?: string
  readonly role?: 'primary' | 'fallback' | 'unlisted'
  readonly weight?: number
}

export function attemptOf(tried: Tried): Observation {
  const { route = 'preview', target = 'cloud', role = 'primary', weight = 1 } = tried
  return {
    unit: 'attempt',
    atUnixMs: tried.endUnixMs,
    startUnixMs: tried.startUnixMs,
    source: { id: 'router-1', component: 'router' },
    weight,
    field: () => undefined,
    attempt: { route, target, role, outcome: tried.outcome, weight } as never,
  }
}

export const observeAll = (onsets: Onsets, all: readonly Tried[]) => {
  const piles = new AttemptPiles()
  const columns = new Columns()
  for (const tried of all) {
    const { startUnixMs, endUnixMs, weight = 1 } = tried
    const pile = piles.of(attemptOf(tried))
    columns.atUnixMs[0] = endUnixMs
    columns.tookMs[0] = endUnixMs - startUnixMs
    columns.weights[0] = weight
    columns.counts[0] = 1
    pile?.clear()
    pile?.push(0)
    if (pile) onsets.observe({ pile, columns })
  }
}

export interface World {
  readonly seed: number
  readonly perSecond: number
  /** Failing share before and from `beginMs` on. */
  readonly noise: number
  readonly failing: number
  readonly fromMs: number
  readonly beginMs: number
  readonly untilMs: number
  /** How long failures take; ok ones take 0.8 s on average. */
  readonly failsAfterMs?: number
}

/** Attempts that start from `fromMs` on and end by `untilMs`, by their end; Poisson arrivals. */
export function createWorld(world: World): Tried[] {
  const { perSecond, noise, failing, fromMs, beginMs, untilMs, failsAfterMs = 40 } = world
  const { unit, exponential } = createRandom(world.seed)
  const all: Tried[] = []
  for (let at = fromMs; at < untilMs; at += exponential(1_000 / perSecond)) {
    const isFailed = unit() < (at >= beginMs ? failing : noise)
    const tookMs = isFailed ? failsAfterMs : 200 + exponential(600)
    const outcome = isFailed ? 'failed' : 'ok'
    if (at + tookMs <= untilMs) all.push({ startUnixMs: at, endUnixMs: at + tookMs, outcome })
  }
  return all.sort((a, b) => a.endUnixMs - b.endUnixMs)
}

export interface Plant {
  readonly perSecond: number
  readonly noise: number
  readonly failing: number
  /** Failing share in 90 s at which the rule trips. */
  readonly above: number
}

const HOUR_MS = 3_600_000

/** Per seed, the onset that is found and the moment that it should be. */
export function findPlanted({ perSecond, noise, failing, above }: Plant, seedCount: number) {
  const well = createOnsets({ hourMs: HOUR_MS })
  const fromMs = T - 60_000
  const past = { seed: 999, perSecond, noise, failing: noise, beginMs: T, untilMs: fromMs }
  observeAll(well, createWorld({ ...past, fromMs: T - 700_000 }))
  const history = well.save(0)
  return Array.from({ length: seedCount }, (_, index) => {
    const seed = index + 1
    const beginMs = T + createRandom(seed).unit() * 60_000
    const detectUnixMs = beginMs + (above / failing) * 90_000
    const onsets = createOnsets({ hourMs: HOUR_MS })
    onsets.load(structuredClone(history), 0)
    const world = { seed, perSecond, noise, failing, fromMs, beginMs, untilMs: detectUnixMs }
    observeAll(onsets, createWorld(world))
    const query = { route: 'preview', target: 'cloud', detectUnixMs, windowMs: 90_000 }
    return { seed, beginMs, found: onsets.onsetOf(query) }
  })
}
