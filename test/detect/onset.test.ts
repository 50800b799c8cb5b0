import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { createOnsets } from '../../src/detect/onset.ts'
import { createRuleMemory } from '../../src/store/rule-memory.ts'
import { createWorld, findPlanted, observeAll, T, type Tried } from './onset-world.ts'
import { createPlay } from './play.ts'

vi.setConfig({ testTimeout: 60_000 })

const HOUR_MS = 3_600_000
const SCOPE = { route: 'preview', target: 'cloud' }

const onsetIn = (all: readonly Tried[], detectUnixMs: number, windowMs = 90_000) => {
  const onsets = createOnsets({ hourMs: HOUR_MS })
  observeAll(onsets, all)
  return onsets.onsetOf({ ...SCOPE, detectUnixMs, windowMs })
}

// Poisson worlds of as many seeds. In 1 % of noise, bins of 50 to 60 attempts hold a failure each
// other time, and one in the bin before the outage is counted in: DEFINITIONS' p1 is 5 %, not 100 %.
test.for([
  ...[2, 10, 60, 300].map((perSecond) => ({ perSecond, noise: 0, one: 1, two: 1 })),
  ...[2, 10, 60].map((perSecond) => ({ perSecond, noise: 0.001, one: 0.92, two: 0.97 })),
  { perSecond: 60, noise: 0.01, one: 0.82, two: 0.93 },
  { perSecond: 300, noise: 0.01, one: 0.95, two: 1 },
  { perSecond: 60, noise: 0.03, one: 0.95, two: 1 },
])(
  'at $perSecond/s with $noise failing before, a share of $one at least is found within one bin',
  ({ perSecond, noise, one, two }) => {
    const seedCount = perSecond === 300 ? 8 : 100
    for (const [failing, above] of [
      [1, 0.4],
      [0.5, 0.25],
      [0.2, 0.1],
    ] as const) {
      const planted = findPlanted({ perSecond, noise, failing, above }, seedCount)
      const offBy = ({ beginMs, found }: (typeof planted)[number]) =>
        found ? Math.abs(found.atUnixMs - beginMs) / found.uncertaintyMs : 99
      const within = (bins: number) =>
        planted.filter((each) => offBy(each) <= bins).length / seedCount
      const worst = planted.toSorted((a, b) => offBy(b) - offBy(a))[0]
      const about = `${failing * 100} % fail; worst: seed ${worst?.seed}`
      expect(within(1), about).toBeGreaterThanOrEqual(one)
      expect(within(2), about).toBeGreaterThanOrEqual(two)
    }
  },
)

test('failures that show only at a 10 s timeout began 10 s before the first of them ended', () => {
  const world = { seed: 7, perSecond: 60, noise: 0, failsAfterMs: 10_000, fromMs: T - 700_000 }
  const detectUnixMs = T + 42_000
  const total = createWorld({ ...world, failing: 1, beginMs: T, untilMs: detectUnixMs })
  expect(total.find(({ outcome }) => outcome === 'failed')?.endUnixMs).toBeGreaterThan(T + 10_000)
  expect(onsetIn(total, detectUnixMs)?.atUnixMs).toBe(T)
})

test('slow failures are found although all that started since was quick, and ok', () => {
  // p0 = 10 %: after ten seconds of nothing but ok, S would be back at 0.
  const world = { seed: 3, perSecond: 60, noise: 0.1, failing: 0.5, failsAfterMs: 10_000 }
  const detectUnixMs = T + 13_000
  const all = createWorld({ ...world, fromMs: T - 700_000, beginMs: T, untilMs: detectUnixMs })
  const onset = onsetIn(all, detectUnixMs)
  expect(Math.abs((onset?.atUnixMs ?? 0) - T)).toBeLessThanOrEqual(1_000)
  expect(onset?.baselineRatio).toBeGreaterThan(0.08)
})

const each = (
  fromMs: number,
  untilMs: number,
  { everyMs = 20, ...tried }: Partial<Tried> & Pick<Tried, 'outcome'> & { everyMs?: number },
): Tried[] =>
  Array.from({ length: Math.round((untilMs - fromMs) / everyMs) }, (_, index) => {
    const startUnixMs = fromMs + index * everyMs
    return { startUnixMs, endUnixMs: startUnixMs + 40, ...tried }
  })

test('rejected and cancelled attempts do not exist', () => {
  const well = each(T - 600_000, T, { outcome: 'ok' })
  const left = each(T - 60_000, T + 36_000, { outcome: 'cancelled' })
  const refused = each(T - 60_000, T + 36_000, { outcome: 'rejected' })
  const lost = each(T, T + 36_000, { outcome: 'failed' })
  expect(onsetIn([...well, ...left, ...refused, ...lost], T + 36_000)?.atUnixMs).toBe(T)
  expect(onsetIn([...well, ...left, ...refused], T + 36_000)).toBeUndefined()
})

test('shares are of weights, likelihood and width of bins of samples', () => {
  // From T on one in eleven fails; each ok one stands for a hundred, so that is 1 in 1,001: normal.
  const all = (weight: number) => [
    ...each(T - 600_000, T + 60_000, { outcome: 'ok', weight }),
    ...each(T, T + 60_000, { outcome: 'failed', everyMs: 200 }),
  ]
  expect(onsetIn(all(1), T + 60_000)).toMatchObject({ atUnixMs: T, uncertaintyMs: 1_000 })
  expect(onsetIn(all(100), T + 60_000)).toBeUndefined()
})

test('what was normal is read before two windows, else before one, else taken as nothing', () => {
  const noise = (fromMs: number, untilMs: number) => [
    ...each(fromMs, untilMs, { outcome: 'ok', everyMs: 100 }),
    ...each(fromMs, untilMs, { outcome: 'failed', everyMs: 1_000 }),
  ]
  const lost = each(T, T + 36_000, { outcome: 'failed' })
  const ratioOf = (all: readonly Tried[]) => onsetIn([...all, ...lost], T + 36_000)?.baselineRatio
  // Detection at 36 s: two windows before it is −144 s, one −54 s.
  expect(
    ratioOf([...noise(T - 300_000, T - 150_000), ...each(T - 140_000, T, { outcome: 'ok' })]),
  ).toBeCloseTo(1 / 11, 6)
  expect(ratioOf(noise(T - 140_000, T - 60_000))).toBeCloseTo(1 / 11, 6)
  expect(ratioOf(noise(T - 50_000, T))).toBe(0.001)
  // Beyond an hour nothing is known.
  expect(ratioOf(noise(T - 3_700_000, T - 3_650_000))).toBe(0.001)
})

test.for([
  { everyMs: 10, bin: 1 },
  { everyMs: 60, bin: 5 },
  { everyMs: 180, bin: 10 },
  { everyMs: 500, bin: 30 },
  { everyMs: 3_000, bin: 60 },
])('one attempt in $everyMs ms gives bins of $bin s', ({ everyMs, bin }) => {
  const well = each(T - 600_000, T, { outcome: 'ok', everyMs })
  const lost = each(T, T + 60_000, { outcome: 'failed', everyMs })
  const onset = onsetIn([...well, ...lost], T + 60_000)
  expect(onset).toMatchObject({ atUnixMs: T, uncertaintyMs: bin * 1_000, from: 'cusum' })
})

test('a target alone is looked at over all routes, a route alone at its primary, unless the rule says', () => {
  const onsets = createOnsets({ hourMs: HOUR_MS })
  const both = (tried: Partial<Tried>, beginMs: number) => [
    ...each(T - 600_000, beginMs, { outcome: 'ok', ...tried }),
    ...each(beginMs, T + 60_000, { ...tried, outcome: 'failed' }),
  ]
  observeAll(onsets, [
    ...both({}, T),
    ...both({ target: 'edge', role: 'fallback' }, T - 10_000),
    ...both({ route: 'export', target: 'edge', role: 'fallback' }, T - 20_000),
    ...both({ route: 'odd', target: 'x', role: 'unlisted' }, T - 5_000),
  ])
  const at = (scope: Parameters<typeof onsets.onsetOf>[0] | object) => {
    const found = onsets.onsetOf({ detectUnixMs: T + 36_000, windowMs: 90_000, ...scope })
    return found && (found.atUnixMs - T) / 1_000
  }
  expect(at({ route: 'preview', target: 'cloud' })).toBe(0)
  expect(at({ route: 'preview' })).toBe(0)
  expect(at({ route: 'preview', hasRole: (role: string) => role === 'fallback' })).toBe(-10)
  expect(at({ target: 'edge' })).toBe(-20)
  expect(at({ route: 'odd' })).toBe(-5)
  expect(at({ route: 'export' })).toBeUndefined()
  expect(at({ route: 'unheard' })).toBeUndefined()
})

test('64 pairs have bins: the one unheard for longest goes, and one that no file lists for one that is', () => {
  const onsets = createOnsets({ hourMs: HOUR_MS })
  const total = (target: string, role: Tried['role'], atMs = T) =>
    each(atMs, atMs + 1_000, { outcome: 'failed', target, ...(role && { role }) })
  const isKnown = (target: string) => {
    const query = { route: 'preview', target, detectUnixMs: T + 30_000, windowMs: 90_000 }
    return onsets.onsetOf(query) !== undefined
  }
  for (let index = 0; index < 64; index++)
    observeAll(onsets, total(`t${index}`, index === 7 ? 'unlisted' : 'fallback'))
  observeAll(onsets, total('stranger', 'unlisted'))
  expect(isKnown('stranger')).toBe(false)
  observeAll(onsets, total('listed', 'primary'))
  expect([isKnown('listed'), isKnown('t7')]).toEqual([true, false])
  observeAll(onsets, total('t0', 'fallback', T + 5_000))
  observeAll(onsets, total('stranger', 'unlisted', T + 12_000))
  expect([isKnown('stranger'), isKnown('t0'), isKnown('t1')]).toEqual([true, true, false])
  expect((onsets.save(0) as readonly unknown[]).length).toBe(64)
})

const RULE = `
  - id: failing
    kind: ratio
    on: attempts
    bad: { outcome: failed }
    by: [route, target]
    window: 90s
    trip: { above: 0.40, min_count: 20 }
    clear: { below: 0.10, window: 10s }
  - id: slow
    kind: ratio
    on: attempts
    bad: { duration: { gte: 5s } }
    by: [route, target]
    window: 90s
    trip: { above: 0.40, min_count: 20 }
  - id: everywhere
    kind: ratio
    on: attempts
    bad: { outcome: failed }
    window: 90s
    trip: { above: 0.40, min_count: 20 }
  - id: burn
    kind: burn_rate
    on: attempts
    where: { role: primary }
    bad: { outcome: failed }
    by: [route]
    objective: 0.99
    windows: [{ long: 5m, short: 30s, factor: 14.4 }]
`

test('a verdict that starts to fire carries it, and keeps it while it fires', () => {
  const play = createPlay(RULE)
  const begin = play.clock.nowMs() + 120_000
  const five = (outcome: string) => () => {
    for (let index = 0; index < 5; index++) play[outcome as 'ok']({ duration: '6s' })
  }
  play.run(120, five('ok'))
  play.run(170, five('failed'))
  const told = (rule: string) =>
    play.verdicts.filter((one) => one.rule === rule && one.effect === 'firing')
  const [first, ...rest] = told('failing')
  // They took 6 s.
  expect(first?.onset).toMatchObject({ atUnixMs: begin - 6_000, uncertaintyMs: 1_000 })
  expect(first?.onset?.detectUnixMs).toBe(first?.judgedUnixMs)
  expect(rest.length).toBeGreaterThan(3)
  for (const one of rest) expect(one.onset).toEqual(first?.onset)
  expect(told('burn')[0]?.onset?.atUnixMs).toBe(begin - 6_000)
  expect(told('slow').length + told('everywhere').length).toBeGreaterThan(1)
  for (const one of [...told('slow'), ...told('everywhere')]) expect(one.onset).toBeUndefined()
  play.run(260, five('ok'))
  expect(play.verdicts.findLast(({ rule }) => rule === 'failing')).toMatchObject({ effect: 'ok' })
  expect(play.verdicts.findLast(({ rule }) => rule === 'failing')?.onset).toBeUndefined()
})

test('spans that come again, or late, change nothing: each counts once, when it started', () => {
  const runWith = (isAgain: boolean) => {
    const play = createPlay(RULE)
    const startMs = play.clock.nowMs()
    const late: ReturnType<typeof play.items>[] = []
    let count = 0
    const send = (outcome: string) => () => {
      for (let index = 0; index < 6; index++) {
        const items = play.items('attempt', { ...SCOPE, outcome })
        // Every third ok one of the last minute comes 20 s late, or again.
        const isLate = outcome === 'ok' && play.nowS() > 60 && count++ % 3 === 0
        if (!isLate || isAgain) play.detector.observe(items)
        if (isLate) late.push(items)
      }
      if (late.length > 1_200 || outcome === 'failed')
        for (const items of late.splice(0)) play.detector.observe(items)
    }
    play.run(120, send('ok'))
    play.run(165, send('failed'))
    const found = play.verdicts.find(({ rule, state }) => rule === 'failing' && state === 'firing')
    return { onset: found?.onset, startMs }
  }
  const [late, again] = [runWith(false), runWith(true)]
  expect(late.onset?.atUnixMs).toBe(late.startMs + 120_000)
  expect(again.onset).toEqual(late.onset)
})

test('the clock of the worst router widens it', () => {
  const play = createPlay(RULE)
  const tell = (router: string, offMs: number) =>
    play.detector.status({
      router,
      receivedUnixMs: play.clock.nowMs(),
      status: {
        boot_id: 'b',
        clock: new Date(play.clock.nowMs() + offMs).toISOString(),
        ...{ observed: {}, routes: {} },
      },
    })
  const six = (outcome: 'ok' | 'failed') => () => {
    for (let index = 0; index < 6; index++) play[outcome]()
    if (play.nowS() % 1 === 0) {
      tell('router-1', -5)
      // Its status hung for once; its clock is 250 ms ahead.
      tell('router-2', play.nowS() === 30 ? -4_000 : 250)
    }
  }
  play.run(120, six('ok'))
  play.run(165, six('failed'))
  const found = play.verdicts.find(({ rule, state }) => rule === 'failing' && state === 'firing')
  expect(found?.onset?.uncertaintyMs).toBe(1_250)
})

test('a restart forgets neither the bins nor what was found', async () => {
  const run = async (isCut: boolean) => {
    const memory = createRuleMemory({ dataDir: mkdtempSync(join(tmpdir(), 'signalbox-onset-')) })
    let play = createPlay(RULE, { memory })
    await play.detector.start()
    const startMs = play.clock.nowMs()
    const verdicts = [play.verdicts]
    const restart = async () => {
      await play.detector.stop()
      const nowMs = play.clock.nowMs()
      play = createPlay(RULE, { memory })
      play.clock.turn(nowMs - startMs)
      await play.detector.start()
      verdicts.push(play.verdicts)
    }
    const phase = (untilS: number, outcome: 'ok' | 'failed') =>
      play.run(untilS, () => {
        for (let index = 0; index < 6; index++) play[outcome]()
      })
    phase(120, 'ok')
    phase(130, 'failed')
    if (isCut) await restart()
    phase(170, 'failed')
    if (isCut) await restart()
    phase(175, 'failed')
    await play.detector.stop()
    const firing = verdicts.flat().filter((one) => one.rule === 'failing' && one.onset)
    return firing.map(({ onset }) => ((onset?.atUnixMs ?? 0) - startMs) / 1_000)
  }
  const [whole, cut] = [await run(false), await run(true)]
  expect(new Set(whole)).toEqual(new Set([120]))
  expect(new Set(cut)).toEqual(new Set([120]))
})

test('what no onsets saved is left out', () => {
  const onsets = createOnsets({ hourMs: HOUR_MS })
  observeAll(onsets, each(T, T + 36_000, { outcome: 'failed' }))
  const saved = onsets.save(0) as readonly Record<string, unknown>[]
  const other = createOnsets({ hourMs: HOUR_MS / 20 })
  other.load(structuredClone(saved), 0)
  expect(other.save(0)).toEqual([])
  expect(() => other.load('nonsense', 0)).not.toThrow()
})
