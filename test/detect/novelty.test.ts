import { expect, test } from 'vitest'
import type { RuleOf } from '../../src/config/rules.ts'
import type { Item } from '../../src/detect/kind.ts'
import { createNovelty } from '../../src/detect/novelty.ts'
import { createTemplates } from '../../src/detect/templates.ts'
import { createPlay, rulesOf } from './play.ts'

const RULE = `
  - id: rule
    kind: novelty
    on: logs
    where: { severity: error }
    window: 60s
    trip: { at_least: 5 }
`
const HOUR_S = 3_600
const DAY_S = 24 * HOUR_S

type Play = ReturnType<typeof createPlay>

const error = (play: Play, body: string) => play.send('log', { severity: 'error', body })
const errors = (play: Play, body: string, count: number) => {
  for (let line = 0; line < count; line++) error(play, body.replace('#', String(line)))
}
/** Ten thousand lines of three kinds. */
const learn = (play: Play) => {
  for (let line = 0; line < 10_000; line++)
    error(
      play,
      ['job # failed', 'upload of # timed out', 'no GPU for #'][line % 3]!.replace('#', `${line}`),
    )
}

test('nothing is new before ten thousand lines or a day of listening', () => {
  const play = createPlay(RULE)
  errors(play, 'job # failed', 100)
  expect(play.group()).toMatchObject({ state: 'insufficient', value: null, count: 100 })
  expect(play.group()?.reason).toMatch(/still learning/)
  play.run(DAY_S - 10, () => {}, 600_000)
  errors(play, 'disk # is full', 10)
  expect(play.state()).toBe('insufficient')
  play.run(DAY_S + 10, () => {}, 1_000)
  expect(play.group()).toMatchObject({ state: 'ok', value: 0 })
  errors(play, 'disk # is full', 10)
  expect(play.state()).toBe('ok')
  errors(play, 'fan # stopped', 5)
  expect(play.state()).toBe('firing')
})

test('the first error ever of a group is new, once the rule has listened for a day', () => {
  const play = createPlay(RULE.replace('window: 60s', 'by: [service]\n    window: 60s'))
  const say = (service: string, count: number) => {
    for (let line = 0; line < count; line++)
      play.send('log', { severity: 'error', service, body: `disk ${line} is full` })
  }
  say('young', 5)
  play.run(DAY_S + 10, () => {}, 600_000)
  // Of this one, it was learned to be usual.
  say('young', 5)
  say('quiet', 4)
  const stateOf = (service: string) =>
    play.detector.rule('rule')?.groups.find(({ by }) => by.service === service)?.state
  expect([stateOf('young'), stateOf('quiet')]).toEqual(['ok', 'ok'])
  say('quiet', 1)
  expect([stateOf('young'), stateOf('quiet')]).toEqual(['ok', 'firing'])
})

test('a template that was never seen fires with its fifth line, and is named', () => {
  const play = createPlay(RULE)
  learn(play)
  expect(play.group()).toMatchObject({ state: 'ok', value: 0, threshold: 5 })
  errors(play, 'job # failed', 50)
  play.send('log', { severity: 'info', body: 'a new line of another severity' })
  expect(play.group()).toMatchObject({ state: 'ok', value: 0 })
  errors(play, 'CUDA error on GPU #: device-side assert triggered', 4)
  expect(play.group()).toMatchObject({ state: 'ok', value: 4, count: 4 })
  error(play, 'CUDA error on GPU 7: device-side assert triggered')
  expect(play.verdicts.at(-1)).toMatchObject({ state: 'firing', value: 5 })
  expect(play.group()?.reason).toBe(
    `new log template ${createTemplates().of('CUDA error on GPU 1: device-side assert triggered').id}: CUDA error on GPU <*>: device-side assert triggered`,
  )
  // Its window empties.
  play.run(59, () => {}, 1_000)
  expect(play.state()).toBe('firing')
  play.run(62, () => {}, 1_000)
  expect(play.state()).toBe('ok')
})

test('five lines of five new templates are no storm', () => {
  const play = createPlay(RULE)
  learn(play)
  for (const what of ['disk full', 'fan stopped', 'link lost', 'key expired', 'clock off'])
    error(play, `sensor says ${what}`)
  expect(play.group()).toMatchObject({ state: 'ok', value: 1 })
})

test('one early line does not hide the storm, a slow drip is none, and after ten windows it is known', () => {
  const play = createPlay(RULE)
  learn(play)
  error(play, 'disk 1 is full')
  play.run(300, () => {}, 1_000)
  errors(play, 'disk # is full', 5)
  expect(play.state()).toBe('firing')
  play.run(605, () => error(play, 'disk 1 is full'), 5_000)
  expect(play.state()).toBe('ok')
  errors(play, 'disk # is full', 50)
  expect(play.state()).toBe('ok')
  play.run(3_000, () => error(play, 'fan 1 stopped'), 20_000)
  expect(play.verdicts.filter(({ state }) => state === 'firing')).not.toContainEqual(
    expect.objectContaining({ reason: expect.stringContaining('fan') }),
  )
})

test('what was not seen for unseen_for is new again', () => {
  const play = createPlay(RULE.replace('window: 60s', 'window: 60s\n    unseen_for: 2h'))
  learn(play)
  play.run(HOUR_S, () => {}, 60_000)
  errors(play, 'no GPU for #', 20)
  expect(play.state()).toBe('ok')
  play.run(2.5 * HOUR_S, () => {}, 60_000)
  // Seen an hour and a half ago; the other two were not for two and a half.
  errors(play, 'no GPU for #', 20)
  expect(play.state()).toBe('ok')
  errors(play, 'upload of # timed out', 20)
  expect(play.state()).toBe('firing')
  expect(play.group()?.reason).toMatch(/upload of <\*> timed out$/)
})

test('min_distinct asks for several workers with the same new template', () => {
  const play = createPlay(RULE.replace('at_least: 5', 'at_least: 2, min_distinct: { worker: 2 }'))
  learn(play)
  const said = (worker: string, body: string) =>
    play.send('log', { severity: 'error', worker, body })
  for (let line = 0; line < 9; line++) said('worker-1', 'disk full')
  said('worker-2', 'fan stopped')
  expect(play.state()).toBe('ok')
  said('worker-2', 'disk full')
  expect(play.state()).toBe('firing')
})

test('each group learns for itself', () => {
  const play = createPlay(RULE.replace('window: 60s', 'window: 60s\n    by: [service]'))
  const said = (service: string, body: string) =>
    play.send('log', { severity: 'error', service, body })
  for (let line = 0; line < 10_000; line++) said('painter', `job ${line} failed`)
  for (let line = 0; line < 9; line++) said('router', `disk ${line} is full`)
  for (let line = 0; line < 9; line++) said('painter', `disk ${line} is full`)
  play.detector.judge()
  const states = play.detector.rule('rule')?.groups.map(({ by, state }) => [by.service, state])
  expect(states).toEqual([
    ['painter', 'firing'],
    ['router', 'insufficient'],
  ])
})

test('a word that turns out to be a parameter is no news, and brings its lines along', () => {
  const names = 'alice bruno chandra dmitri elena farid greta hiro ines jonas'.split(' ')
  const known = createPlay(RULE)
  error(known, 'user alice lost the preset')
  learn(known)
  for (const name of names) error(known, `user ${name} lost the preset`)
  expect(known.group()).toMatchObject({ state: 'ok' })
  // The same without any known variant: ten lines of one new template.
  const unknown = createPlay(RULE)
  learn(unknown)
  for (const name of names) error(unknown, `user ${name} lost the preset`)
  expect(unknown.group()).toMatchObject({ state: 'firing', value: 10 })
  expect(unknown.group()?.reason).toMatch(/user <\*> lost the preset$/)
})

test('template is a key of logs: in where, by and of', () => {
  const oom = createTemplates().of('CUDA out of memory. Tried to allocate 1.35 GiB').id
  const play = createPlay(`
  - { id: one, kind: count, on: logs, where: { template: '${oom}' }, trip: { at_least: 2 } }
  - { id: each, kind: count, on: logs, by: [template], trip: { at_least: 2 } }
  - { id: many, kind: distinct, on: logs, of: template, trip: { at_least: 3 } }
`)
  const log = (body: string) => play.send('log', { body })
  log('CUDA out of memory. Tried to allocate 7 bytes')
  log('job 1 failed')
  expect(play.state('one')).toBe('ok')
  log('CUDA out of memory. Tried to allocate 20.00 MiB')
  log('job 2 failed')
  expect(play.state('one')).toBe('firing')
  expect(play.group('many')).toMatchObject({ state: 'ok', value: 2 })
  const groups = play.detector.rule('each')?.groups.map(({ by, value }) => [by.template, value])
  expect(groups).toContainEqual([oom, 2])
  expect(groups).toHaveLength(2)
  // Without a body, the exception says what it is.
  play.send('log', { 'exception.type': 'ValueError', 'exception.message': 'bad seed 3' })
  expect(play.group('many')).toMatchObject({ state: 'firing', value: 3 })
  expect(play.detector.rule('each')?.groups.map(({ by }) => by.template)).toContain(
    createTemplates().of('ValueError: bad seed 4').id,
  )
})

const rule = rulesOf(RULE)[0] as RuleOf<'novelty'>
const START = Date.UTC(2026, 0, 11)

/** A kind's state by itself, as a restart sees it. */
function createBench(config = rule) {
  const templates = createTemplates()
  let state = createNovelty(config, { sinceMs: 0 })
  let nowMs = 0
  let bootMs = 0
  const judge = () =>
    state.judge({
      endUnixMs: START + nowMs,
      heardMs: nowMs - bootMs,
      missing: () => 0,
      floorUnixMs: 0,
      isTripped: false,
      heard: { source: () => 0, others: () => 0 },
      look: () => ({ isFiring: false, lastFiringUnixMs: 0, unknownReason: undefined }),
    })
  return {
    judge,
    turn: (byMs: number) => {
      nowMs += byMs
    },
    add(text: string) {
      const item: Partial<Item> = {
        unit: 'log',
        atUnixMs: START + nowMs,
        heardMs: nowMs - bootMs,
        weight: 1,
        count: 1,
        read: () => undefined,
        template: () => templates.of(text),
      }
      return state.add(item as Item)
    },
    /** Another process: its never-stepping clock begins at 0. */
    restart() {
      const saved = structuredClone(state.save(nowMs - bootMs))
      bootMs = nowMs
      state = createNovelty(config, { sinceMs: 0 })
      expect(state.load(saved, 0)).toBe(true)
      return saved
    },
    load: (saved: unknown) => state.load(saved, nowMs - bootMs),
  }
}

test('what it knows, what is new and how long it listened survive a restart', () => {
  const bench = createBench()
  for (let line = 0; line < 9_999; line++) bench.add(`job ${line} failed`)
  bench.restart()
  expect(bench.judge()).toMatchObject({ outcome: 'few', count: 9_999 })
  bench.add('job 1 failed')
  expect(bench.judge()).toMatchObject({ outcome: 'calm' })
  for (let line = 0; line < 4; line++) expect(bench.add(`disk ${line} is full`)).toBe(true)
  const before = bench.judge()
  bench.restart()
  expect(bench.judge()).toEqual(before)
  expect(bench.add('job 2 failed')).toBe(false)
  bench.add('disk 9 is full')
  expect(bench.judge()).toMatchObject({ outcome: 'trips', value: 5 })
})

test('a day of listening is the sum over restarts', () => {
  const bench = createBench()
  bench.add('job 1 failed')
  bench.turn(DAY_S * 600)
  bench.restart()
  bench.turn(DAY_S * 399)
  expect(bench.judge().outcome).toBe('few')
  bench.turn(DAY_S * 2)
  expect(bench.judge().outcome).toBe('calm')
})

test('garbage is not loaded, and leaves it empty', () => {
  const bench = createBench()
  for (let line = 0; line < 10_001; line++) bench.add(`job ${line} failed`)
  bench.add('disk 1 is full')
  const saved = bench.restart() as { news: { memory: object; fresh: object[] } }
  const news = saved.news
  const broken = [
    undefined,
    7,
    {},
    { ...saved, listenedMs: -1 },
    { ...saved, lineCount: 'many' },
    { ...saved, news: undefined },
    { ...saved, news: { ...news, windowMs: 61_000 } },
    { ...saved, news: { ...news, memory: { once: [['a']], often: [] } } },
    { ...saved, news: { ...news, fresh: [{ ...news.fresh[0], buckets: [[1, 2]] }] } },
    { ...saved, news: { ...news, fresh: Array(1_000).fill(news.fresh[0]) } },
  ]
  for (const one of broken) {
    const other = createBench()
    expect(other.load(one), JSON.stringify(one)?.slice(0, 80)).toBe(false)
    expect(other.judge()).toMatchObject({ outcome: 'few', count: 0 })
  }
})

test('a flood of lines that each come once neither grows it nor makes the known new', () => {
  const bench = createBench()
  for (let line = 0; line < 10_002; line++)
    bench.add(`${['job', 'disk', 'fan'][line % 3]} ${line} failed`)
  const letters = 'bcdfghjklm'
  const wordOf = (number: number) =>
    [...String(number)].map((digit) => letters[Number(digit)]).join('a')
  for (let number = 0; number < 20_000; number++) {
    bench.add(
      `${wordOf(number)} ${wordOf(number * 7)} ${wordOf(number * 13)} ${wordOf(number * 31)}`,
    )
    bench.turn(1)
  }
  const saved = bench.restart() as {
    news: { memory: { once: unknown[]; often: unknown[] }; fresh: unknown[] }
  }
  expect(saved.news.fresh.length).toBeLessThanOrEqual(256)
  expect(saved.news.memory.once.length).toBeLessThanOrEqual(1_000)
  expect(saved.news.memory.often.length).toBeLessThanOrEqual(5_000)
  for (const what of ['job', 'disk', 'fan']) expect(bench.add(`${what} 7 failed`)).toBe(false)
})
