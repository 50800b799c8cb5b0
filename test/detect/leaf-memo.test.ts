import { expect, test } from 'vitest'
import { createTopology } from '../../src/config/topology.ts'
import { AttemptPiles } from '../../src/detect/attempt-piles.ts'
import { Cursor } from '../../src/detect/cursor.ts'
import type { Heard } from '../../src/detect/hearing.ts'
import { LeafMemo } from '../../src/detect/leaf-memo.ts'
import { createTemplates } from '../../src/detect/templates.ts'
import type { Generation } from '../../src/model/generation.ts'
import type { Observation, Source } from '../../src/model/observation.ts'

const ROUTER: Source = { id: 'router-1', component: 'router' }
const SENDER: Heard = {
  ...{ source: ROUTER, batch: 0, units: 0, isTimely: true, newest: new Float64Array(2) },
}
const SENDING = { feed: 'attempt', sender: SENDER } as const
const attemptOf = (route: string): Observation => ({
  ...{ unit: 'attempt', atUnixMs: 1, startUnixMs: 1, source: ROUTER, weight: 1 },
  field: (key) => (key === 'route' ? route : undefined),
  traits: { note: undefined },
})

function createMemo() {
  const pairs = new Map<string, Generation>()
  let askedCount = 0
  const topology = TOPOLOGY
  const sorters: never[] = []
  const memo = new LeafMemo({
    attempts: new AttemptPiles(),
    book: { sortersOf: () => sorters, perSenderOf: () => [] },
    topology: () => topology,
    pairAt(route) {
      askedCount++
      return pairs.get(route)
    },
  })
  const templates = createTemplates()
  const cursor = new Cursor({
    topology: () => topology,
    templates,
    generationBehind: () => undefined,
  })
  const sort = (one: Observation) => memo.sort(one, cursor, SENDING)
  const askedWhile = (run: () => void) => {
    const before = askedCount
    run()
    return askedCount - before
  }
  memo.begin()
  return { memo, pairs, sort, askedWhile }
}

const TOPOLOGY = createTopology({ routes: [] })

test('what was sorted is known until the pair of a route changes', () => {
  const { memo, pairs, sort } = createMemo()
  const one = attemptOf('preview')
  const sorted = sort(one)
  memo.begin()
  expect(one.traits && memo.known(one.traits)).toBe(sorted)
  pairs.set('preview', { epoch: 1, generation: 2 })
  memo.begin()
  expect(one.traits && memo.known(one.traits)).toBeUndefined()
})

test('a sender that makes up routes does not make every batch dear', () => {
  const { memo, sort, askedWhile } = createMemo()
  for (let count = 0; count < 5_000; count++) sort(attemptOf(`route-${count}`))
  expect(askedWhile(() => memo.begin())).toBe(0)
  for (let count = 0; count < 900; count++) sort(attemptOf(`route-${count}`))
  expect(askedWhile(() => memo.begin())).toBe(900)
})

test('whoever makes up looks does not fill memory: all is sorted anew then', () => {
  const { memo, sort } = createMemo()
  const first = attemptOf('preview')
  const sorted = sort(first)
  for (let count = 0; count < 49_999; count++) sort(attemptOf('preview'))
  expect(first.traits && memo.known(first.traits)).toBe(sorted)
  memo.begin()
  expect(first.traits && memo.known(first.traits)).toBeUndefined()
  expect(sort(first)).not.toBe(sorted)
})
