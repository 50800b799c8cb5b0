import { expect, test } from 'vitest'
import { ONCE_MS, type OtlpAnswer, type OtlpRequest } from '../../src/model/otlp.ts'
import { createOnce, type OnceOptions } from '../../src/receive/once.ts'
import { createOnceMemory } from '../../src/receive/once-memory.ts'

const NOW_MS = Date.UTC(2026, 0, 11, 14, 0, 0)
const OK: OtlpAnswer = { status: 'ok', rejectedCount: 0, message: '' }

const requestOf = (text: string, rest: Partial<OtlpRequest> = {}): OtlpRequest => ({
  signal: 'traces',
  encoding: 'protobuf',
  body: Buffer.from(text),
  receivedUnixMs: NOW_MS,
  ...rest,
})

function createCase(options: Partial<OnceOptions> = {}) {
  const taken: OtlpRequest[] = []
  const counts = { repeated: 0, forgotten: 0 }
  const once = createOnce({
    taken: [],
    take: async (request) => {
      taken.push(request)
      return OK
    },
    events: {
      repeated: () => counts.repeated++,
      forgotten: ({ requestCount }) => {
        counts.forgotten += requestCount
      },
    },
    ...options,
  })
  return { once, taken, counts }
}

test('the same bytes within ten minutes are answered as before, and taken once', async () => {
  const partial: OtlpAnswer = { status: 'ok', rejectedCount: 3, message: '3 too old' }
  let count = 0
  const { once, counts } = createCase({
    take: async () => {
      count++
      return partial
    },
  })
  const late = requestOf('a', { receivedUnixMs: NOW_MS + ONCE_MS - 1 })
  expect([await once(requestOf('a')), await once(late)]).toEqual([partial, partial])
  expect([count, counts.repeated]).toEqual([1, 1])
  await once(requestOf('a', { receivedUnixMs: NOW_MS + ONCE_MS }))
  expect(count).toBe(2)
})

test('other bytes, and the same bytes as another signal or encoding, are other requests', async () => {
  const { once, taken, counts } = createCase()
  await once(requestOf('a'))
  await once(requestOf('b'))
  await once(requestOf('a', { signal: 'logs' }))
  await once(requestOf('a', { encoding: 'json' }))
  await once(requestOf(''))
  await once(requestOf(''))
  expect([taken.length, counts.repeated]).toEqual([6, 0])
  expect(new Set(taken.slice(0, 4).map(({ onceKey }) => onceKey)).size).toBe(4)
})

test('a request that is still on its way is awaited by who sends it again', async () => {
  const gate = withResolvers<OtlpAnswer>()
  let count = 0
  const { once } = createCase({
    take: () => {
      count++
      return gate.promise
    },
  })
  const answers = Promise.all([once(requestOf('a')), once(requestOf('a'))])
  gate.resolve(OK)
  expect([await answers, count]).toEqual([[OK, OK], 1])
})

test('what storage refused is not taken; detection is told that it has seen it', async () => {
  const answers: OtlpAnswer[] = [{ status: 'retry', reason: 'full', afterS: 1 }, OK]
  const seen: unknown[] = []
  const { once } = createCase({
    take: async ({ isObserved }) => {
      seen.push(isObserved)
      return answers.shift() ?? OK
    },
  })
  const given = [await once(requestOf('a')), await once(requestOf('a')), await once(requestOf('a'))]
  expect(given.map(({ status }) => status)).toEqual(['retry', 'ok', 'ok'])
  expect(seen).toEqual([false, true])
})

test('what is bad, or fails here, may come again', async () => {
  let count = 0
  const { once } = createCase({
    take: async () => {
      count++
      if (count === 1) throw new Error('a bug')
      return { status: 'bad', reason: 'wrong id' }
    },
  })
  await expect(once(requestOf('a'))).rejects.toThrow('a bug')
  for (let i = 0; i < 2; i++) expect((await once(requestOf('a'))).status).toBe('bad')
  expect(count).toBe(3)
})

test('what an earlier run took is known, with how much of it was refused', async () => {
  const first = createCase()
  await first.once(requestOf('a'))
  const onceKey = first.taken[0]?.onceKey ?? ''
  expect(onceKey).toHaveLength(16)
  const taken = [{ onceKey, receivedUnixMs: NOW_MS - 1_000, itemCount: 5, rejectedCount: 2 }]
  const second = createCase({ taken })
  expect(await second.once(requestOf('a'))).toMatchObject({ status: 'ok', rejectedCount: 2 })
  expect(second.taken).toEqual([])
})

test('plain lines are answered with what became of them, also after a restart', async () => {
  const lines = { acceptedCount: 5, refusedCount: 1, refused: [{ line: 2, reason: 'not JSON' }] }
  const taken: OtlpRequest[] = []
  const first = createCase({
    take: async (request) => {
      taken.push(request)
      return { status: 'ok', rejectedCount: 1, message: '', lines }
    },
  })
  const ndjson = requestOf('{}', { signal: 'logs', encoding: 'ndjson' })
  for (let i = 0; i < 2; i++) expect(await first.once(ndjson)).toMatchObject({ lines })
  const counts = { itemCount: 5, rejectedCount: 1, receivedUnixMs: NOW_MS }
  const second = createCase({ taken: [{ onceKey: taken[0]?.onceKey ?? '', ...counts }] })
  expect(await second.once(ndjson)).toMatchObject({ lines: { ...lines, refused: [] } })
})

test('remote write has no lines, and is another request than the same bytes as OTLP', async () => {
  const { once, taken } = createCase()
  const written = requestOf('a', { signal: 'metrics', encoding: 'remote-write' })
  await once(written)
  await once({ ...written, encoding: 'protobuf' })
  expect(taken).toHaveLength(2)
  const counts = { itemCount: 5, rejectedCount: 0, receivedUnixMs: NOW_MS }
  const second = createCase({ taken: [{ onceKey: taken[0]?.onceKey ?? '', ...counts }] })
  expect(await second.once(written)).toEqual(OK)
})

test('memory is bounded: the oldest are forgotten, and counted', () => {
  let forgotten = 0
  const memory = createOnceMemory({
    countMax: 600,
    forgotten: ({ requestCount }) => {
      forgotten += requestCount
    },
  })
  const fate = { status: 'taken', answer: { status: 'ok', rejectedCount: 0, message: '' } } as const
  for (let n = 0; n < 1_000; n++) memory.set(`k${n}`, fate, NOW_MS + n)
  expect(memory.get('k0', NOW_MS + 1_000)).toBeUndefined()
  expect(memory.get('k999', NOW_MS + 1_000)).toEqual(fate)
  expect(memory.get('k500', NOW_MS + 1_000)).toEqual(fate)
  expect(forgotten).toBe(400)
  // Time alone forgets without a complaint.
  memory.set('later', fate, NOW_MS + 3 * ONCE_MS)
  expect(memory.get('k999', NOW_MS + 3 * ONCE_MS)).toBeUndefined()
  expect(forgotten).toBe(400)
})

function withResolvers<T>() {
  let resolve: (value: T) => void = () => {}
  const promise = new Promise<T>((done) => {
    resolve = done
  })
  return { promise, resolve }
}

test('large requests that differ anywhere are different requests', async () => {
  const { once, taken, counts } = createCase()
  const large = Buffer.alloc(300_000, 'abcdefg')
  const changed = [0, 40_000, 150_000, 299_999].map((at) => {
    const body = Buffer.from(large)
    body[at] = 0
    return body
  })
  const bodies = [large, ...changed, large.subarray(0, -7), Buffer.concat([large, large])]
  for (const body of bodies) await once(requestOf('', { body }))
  expect(taken).toHaveLength(bodies.length)
  for (const body of bodies) await once(requestOf('', { body: Buffer.from(body) }))
  expect([taken.length, counts.repeated]).toEqual([bodies.length, bodies.length])
})
