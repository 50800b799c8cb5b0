import fc from 'fast-check'
import { expect } from 'vitest'
import type { Rule } from '../../src/config/rules.ts'
import type { Instant, Item, KindState } from '../../src/detect/kind.ts'
import { createKindState } from '../../src/detect/kinds.ts'
import type { FieldValue } from '../../src/model/observation.ts'
import { rulesOf } from './play.ts'

// One kind of rule alone, without clock, sources or hold times.

export const START_MS = 1_700_000_000_000

export function kindOf(text: string): KindState {
  return createKindState(rulesOf(text)[0] as Rule, {
    sinceMs: 0,
    ruleSinceMs: 0,
    memoryMs: 3_600_000,
    aliveMs: 10_000,
  })
}

export function itemAt(
  atS: number,
  fields: Readonly<Record<string, FieldValue>>,
  weight = 1,
): Item {
  const atUnixMs = START_MS + atS * 1_000
  return {
    unit: 'attempt',
    atUnixMs,
    startUnixMs: atUnixMs,
    heardMs: atS * 1_000,
    weight,
    count: 1,
    source: { id: 'router-1', component: 'router' },
    read: (key) => fields[key],
    template: () => undefined,
  }
}

export function instantAt(endS: number, more: Partial<Instant> = {}): Instant {
  return {
    endUnixMs: START_MS + endS * 1_000,
    heardMs: endS * 1_000,
    missing: () => 0,
    floorUnixMs: Number.NEGATIVE_INFINITY,
    isTripped: false,
    heard: { source: () => 0, others: () => 0 },
    look: () => ({ isFiring: false, lastFiringUnixMs: 0, unknownReason: undefined }),
    ...more,
  }
}

/** What happens to a kind, in order: items (some late) and judgements. */
export interface Step {
  /** Seconds since the last step. */
  readonly afterS: number
  readonly lateS: number
  readonly fields: Readonly<Record<string, FieldValue>>
  readonly weight: number
}

export function stepsOf(fields: fc.Arbitrary<Readonly<Record<string, FieldValue>>>) {
  const afterS = fc.oneof(fc.constant(0), fc.double({ min: 0, max: 20, noNaN: true }))
  const lateS = fc.oneof({ weight: 4, arbitrary: fc.constant(0) }, fc.nat(40))
  const step = fc.record({ afterS, lateS, fields, weight: fc.integer({ min: 1, max: 3 }) })
  return fc.array(step, { maxLength: 120 })
}

/** Plays steps into all kinds at once, from a moment on; what each said, and the new moment. */
export function play(kinds: readonly KindState[], steps: readonly Step[], fromS: number) {
  let nowS = fromS
  const said = kinds.map((): unknown[] => [])
  for (const { afterS, lateS, fields, weight } of steps) {
    nowS += afterS
    kinds.forEach((kind, index) => {
      const isTripped = said[index]?.length === 7
      const at = instantAt(nowS, { isTripped })
      said[index]?.push(kind.add(itemAt(nowS - lateS, fields, weight)))
      said[index]?.push(kind.judge(at), kind.clears(at))
    })
  }
  return { said, nowS }
}

/** Save, clone as through a file, load: from then on both say the same. */
export function expectResumes(text: string, steps: ReturnType<typeof stepsOf>): void {
  fc.assert(
    fc.property(steps, steps, (before, after) => {
      const one = kindOf(text)
      const { nowS } = play([one], before, 100)
      const other = kindOf(text)
      play([other], after.slice(0, 3), 1_000)
      expect(other.load(structuredClone(one.save(nowS * 1_000)), nowS * 1_000)).toBe(true)
      const { said } = play([one, other], after, nowS)
      expect(said[1]).toEqual(said[0])
    }),
    { numRuns: 60 },
  )
}

/** Nothing but what such a rule saved is taken, and refusing it throws nothing. */
export function expectRefuses(text: string, steps: ReturnType<typeof stepsOf>): void {
  const garbage = [
    undefined,
    null,
    0,
    'x',
    {},
    [],
    [[]],
    [null, null],
    [{}, {}, {}],
    new Float64Array(9),
  ]
  for (const saved of garbage) expect(kindOf(text).load(saved, 0)).toBe(false)
  fc.assert(
    fc.property(fc.anything({ withTypedArray: true }), steps, (saved, after) => {
      const kind = kindOf(text)
      if (kind.load(saved, 0)) return
      kind.restart()
      const fresh = kindOf(text)
      const { said } = play([kind, fresh], after.slice(0, 20), 100)
      expect(said[0]).toEqual(said[1])
    }),
    { numRuns: 60 },
  )
  expectSurvivesDamage(text, steps)
}

/** Any one part of a save replaced by something else: refused or taken, but never thrown. */
function expectSurvivesDamage(text: string, steps: ReturnType<typeof stepsOf>): void {
  const value = fc.constantFrom(undefined, null, -1, Number.NaN, 'x', [], {}, new Float64Array(3))
  fc.assert(
    fc.property(steps, fc.nat(), value, (before, place, wrong) => {
      const kind = kindOf(text)
      const { nowS } = play([kind], before, 100)
      const saved = structuredClone(kind.save(nowS * 1_000))
      const paths = pathsOf(saved)
      const path = paths[place % Math.max(1, paths.length)]
      if (path) path.parent[path.key] = wrong
      const other = kindOf(text)
      if (!other.load(saved, nowS * 1_000)) other.restart()
      play([other], before.slice(0, 10), nowS)
    }),
    { numRuns: 100 },
  )
}

interface Path {
  readonly parent: Record<string, unknown>
  readonly key: string
}

function pathsOf(value: unknown): Path[] {
  if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value)) return []
  const parent = value as Record<string, unknown>
  return Object.keys(parent).flatMap((key) => [{ parent, key }, ...pathsOf(parent[key])])
}

/** Numbers in [0, 1) from a seed (mulberry32). */
export function createRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

/** Standard normal, by Box and Muller. */
export function createNormal(random: () => number): () => number {
  return () => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())
}
