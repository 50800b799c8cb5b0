import { expect, test } from 'vitest'
import type { SaidRequest } from '../../src/decode/said.ts'
import { RequestEntry } from '../../src/decode/story.ts'
import { createStoryMemory } from '../../src/decode/story-memory.ts'

type RequestWords = ConstructorParameters<typeof RequestEntry>[0]

const create = () => createStoryMemory({ ageMaxMs: 1_000 })

const request = (spanId: string) =>
  new RequestEntry({ said: { spanId } as SaidRequest } as RequestWords)

test('what has no id but its trace is found by the trace, and by the id alone', () => {
  const memory = create()
  const trace = memory.trace('t1', 0)
  const group = memory.group('t1', 0, { trace })
  expect(group.requestId).toBe('t1')
  expect(memory.group('t1', 0)).toBe(group)
  expect(memory.known('t1', 0)).toBe(group)
  expect(memory.group('r1', 0, { trace })).not.toBe(group)
  expect(memory.known('t1', 1_001)).toBeUndefined()
})

test('what was known before its trace came is the same', () => {
  const memory = create()
  const group = memory.group('t1', 0)
  const trace = memory.trace('t1', 0)
  expect(memory.group('t1', 0, { trace })).toBe(group)
  expect(memory.known('t1', 0)).toBe(group)
})

test('without a trace, or an id, nothing is the same', () => {
  const memory = create()
  expect(memory.trace('', 0)).not.toBe(memory.trace('', 0))
  const trace = memory.trace('', 0)
  expect(memory.group('', 0, { trace })).not.toBe(memory.group('', 0, { trace }))
})

test('a trace that is full starts anew with the group of its id', () => {
  const memory = create()
  const trace = memory.trace('t1', 0)
  const group = memory.group('t1', 0, { trace })
  for (let n = 0; n < 200; n++) trace.requests.add(request(`s${n}`))
  const next = memory.trace('t1', 0)
  expect(next).not.toBe(trace)
  expect(next.requests.list).toEqual([])
  expect(memory.group('t1', 0, { trace: next })).toBe(group)
})

test.for([true, false])(
  'a group that is full starts anew with its opening, of a trace: %s',
  (has) => {
    const memory = create()
    const beside = has ? { trace: memory.trace('t1', 0) } : {}
    const group = memory.group('t1', 0, beside)
    const said = (n: number) => ({ spanId: `s${n}`, startUnixNs: BigInt(200 - n) }) as SaidRequest
    group.requests = Array.from(
      { length: 200 },
      (_, n) => new RequestEntry({ said: said(n) } as RequestWords),
    )
    const next = memory.group('t1', 0, beside)
    expect(next).not.toBe(group)
    expect(next.requests.map((one) => one.said.spanId)).toEqual(['s199'])
    expect(memory.group('t1', 0, beside)).toBe(next)
    expect(memory.known('t1', 0)).toBe(next)
  },
)

test('what somebody else still holds of a request is taken up again', () => {
  const memory = create()
  const kept = memory.group('r1', 0)
  expect(memory.known('r1', 1_001)).toBeUndefined()
  expect(memory.group('r1', 1_001, { kept })).toBe(kept)
  expect(memory.known('r1', 1_001)).toBe(kept)
  const trace = memory.trace('t1', 0)
  expect(memory.group('t1', 0, { kept, trace })).toBe(kept)
})

test('there are 25,000 traces at most', () => {
  const memory = create()
  const first = memory.trace('t0', 0)
  for (let n = 1; n < 25_000; n++) memory.trace(`t${n}`, 0)
  expect(memory.trace('t0', 0)).toBe(first)
  memory.trace('t-more', 0)
  expect(memory.trace('t0', 0)).toBe(first)
  for (let n = 0; n < 25_000; n++) memory.trace(`u${n}`, 0)
  expect(memory.trace('t0', 0)).not.toBe(first)
})
