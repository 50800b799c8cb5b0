import { expect, test } from 'vitest'
import type { Outcome } from '../../src/lib/outcome.ts'
import type { DecodedBatch, DecodeResult } from '../../src/model/batch.ts'
import type { OtlpRequest } from '../../src/model/otlp.ts'
import { type AppendedBatch, createIngest } from '../../src/receive/ingest.ts'

const REQUEST: OtlpRequest = {
  signal: 'traces',
  encoding: 'json',
  body: new Uint8Array(),
  receivedUnixMs: 0,
}
const discard = () => {}
const BATCH: DecodedBatch = {
  observations: [],
  itemCount: 2,
  rejectedCount: 1,
  rejectedReason: '1 too old',
  withheld: [],
  rowCount: 3,
  byteCount: 100,
  discard,
}

function createCase(result: DecodeResult, outcome: Outcome = { status: 'ok' }) {
  const seen: string[] = []
  const entries: AppendedBatch[] = []
  const ingest = createIngest({
    nextSeenAt: () => 1n,
    decode: () => result,
    observe: () => seen.push('observed'),
    append: async (entry) => {
      seen.push('appended')
      entries.push(entry)
      return outcome
    },
    events: {
      decoded: ({ itemCount, rejectedCount }) => seen.push(`${itemCount}+${rejectedCount}`),
      withheld: ({ action, reason, count }) => seen.push(`${action} ${count} ${reason}`),
    },
  })
  return { ingest, seen, entries }
}

test.for<[Outcome, unknown]>([
  [{ status: 'ok' }, { status: 'ok', rejectedCount: 1, message: '1 too old' }],
  [
    { status: 'reject', reason: 'no' },
    { status: 'bad', reason: 'no' },
  ],
  [
    { status: 'retry', reason: 'full' },
    { status: 'retry', reason: 'full', afterS: 1 },
  ],
  [
    { status: 'retry', reason: 'full', afterMs: 1_200 },
    { status: 'retry', reason: 'full', afterS: 2 },
  ],
  [
    { status: 'retry', reason: 'full', afterMs: 60_000 },
    { status: 'retry', reason: 'full', afterS: 3 },
  ],
  [
    { status: 'retry', reason: 'full', afterMs: 0 },
    { status: 'retry', reason: 'full', afterS: 1 },
  ],
])('storage says %j; detection has seen it once, before', async ([outcome, answer]) => {
  const { ingest, seen } = createCase({ status: 'ok', batch: BATCH }, outcome)
  expect(await ingest(REQUEST)).toEqual(answer)
  expect(seen).toEqual(['2+1', 'observed', 'appended'])
})

test('a bad request reaches nobody', async () => {
  const { ingest, seen } = createCase({ status: 'bad', reason: 'wrong id' })
  expect(await ingest(REQUEST)).toEqual({ status: 'bad', reason: 'wrong id' })
  expect(seen).toEqual([])
})

test('nothing left is nothing to store', async () => {
  const { ingest, seen } = createCase({ status: 'ok', batch: { ...BATCH, itemCount: 0 } })
  expect(await ingest(REQUEST)).toMatchObject({ status: 'ok', rejectedCount: 1 })
  expect(seen).not.toContain('appended')
})

test('what was withheld is counted', async () => {
  const withheld = [{ action: 'drop', reason: 'prompt', count: 4 }] as const
  const { ingest, seen } = createCase({ status: 'ok', batch: { ...BATCH, withheld } })
  await ingest(REQUEST)
  expect(seen).toEqual(['drop 4 prompt', '2+1', 'observed', 'appended'])
})

test('storage is told of the rows, how to take them back, and what to remember', async () => {
  const { ingest, entries } = createCase({ status: 'ok', batch: BATCH })
  await ingest({ ...REQUEST, onceKey: 'k', receivedUnixMs: 7 })
  await ingest(REQUEST)
  const rows = { rowCount: 3, byteCount: 100, discard }
  const taken = { onceKey: 'k', receivedUnixMs: 7, itemCount: 2, rejectedCount: 1 }
  expect(entries).toEqual([{ ...rows, taken }, rows])
})
