import { expect, test } from 'vitest'
import type { Outcome } from '../../src/lib/outcome.ts'
import type { DecodedBatch, DecodeResult } from '../../src/model/batch.ts'
import type { OtlpRequest } from '../../src/model/otlp.ts'
import { createIngest } from '../../src/receive/ingest.ts'

const REQUEST: OtlpRequest = {
  signal: 'traces',
  encoding: 'json',
  body: new Uint8Array(),
  receivedUnixMs: 0,
}
const BATCH: DecodedBatch = {
  rows: new Map(),
  observations: [],
  itemCount: 2,
  rejectedCount: 1,
  rejectedReason: '1 too old',
}

function createCase(result: DecodeResult, outcome: Outcome = { status: 'ok' }) {
  const seen: string[] = []
  const ingest = createIngest({
    decode: () => result,
    observe: () => seen.push('observed'),
    append: async () => {
      seen.push('appended')
      return outcome
    },
    events: {
      decoded: ({ itemCount, rejectedCount }) => seen.push(`${itemCount}+${rejectedCount}`),
    },
  })
  return { ingest, seen }
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
