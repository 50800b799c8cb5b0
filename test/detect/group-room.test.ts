import { expect, test } from 'vitest'
import { createPlay } from './play.ts'

const CASCADE = `
  - { id: rule, kind: distinct, on: logs, of: worker, by: [request_id], window: 10m, trip: { at_least: 3 }, clear: { below: 1 } }`

const line = (play: ReturnType<typeof createPlay>, request: string, worker: string) =>
  play.send('log', { request_id: request, worker, body: 'CUDA out of memory' })
const namesOf = (play: ReturnType<typeof createPlay>) =>
  play.detector.rule('rule')?.groups.map(({ by }) => by.request_id) ?? []

test('a storm over more requests than are kept does not look like one request', () => {
  const play = createPlay(CASCADE)
  for (let request = 0; request < 1_000; request++) {
    line(play, `r-${request}`, `w-${request % 40}`)
    if (request % 50 === 0) play.clock.turn(1_000)
  }
  expect(namesOf(play)).toHaveLength(256)
  expect(namesOf(play)).not.toContain('__other__')
  expect(namesOf(play)).toContain('r-999')
  expect(play.verdicts.filter(({ state }) => state !== 'ok')).toEqual([])
})

test('also when all of them come in one batch', () => {
  const play = createPlay(CASCADE)
  const items = Array.from({ length: 900 }, (_, index) =>
    play.items('log', { request_id: `r-${index % 300}`, worker: `w-${index % 7}`, body: 'x' }),
  )
  play.detector.observe(items.flat())
  expect(namesOf(play)).toHaveLength(256)
  expect(play.verdicts.filter(({ state }) => state === 'firing')).toEqual([])
})

test('what fires stays, and so does what was heard lately: a cascade is found in the storm', () => {
  const play = createPlay(CASCADE)
  for (const worker of ['w-1', 'w-2', 'w-3']) line(play, 'first', worker)
  for (let request = 0; request < 600; request++) {
    line(play, `r-${request}`, 'w-1')
    if (request % 200 === 0) line(play, 'second', `w-${request}`)
    play.clock.turn(100)
  }
  const firing = play.detector.rule('rule')?.groups.filter(({ state }) => state === 'firing')
  expect(firing?.map(({ by }) => by.request_id)).toEqual(['first', 'second'])
})

test('what is pending stays', () => {
  const play = createPlay(CASCADE.replace('at_least: 3', 'at_least: 3, for: 5m'))
  for (const worker of ['w-1', 'w-2', 'w-3']) line(play, 'first', worker)
  for (let request = 0; request < 600; request++) line(play, `r-${request}`, 'w-1')
  expect(namesOf(play)[0]).toBe('first')
})

test('only when every id fires do the others share a group', () => {
  const play = createPlay(CASCADE.replace('at_least: 3', 'at_least: 1'))
  for (let request = 0; request < 260; request++) line(play, `r-${request}`, 'w-1')
  expect(namesOf(play)).toHaveLength(257)
  expect(namesOf(play).at(-1)).toBe('__other__')
})
