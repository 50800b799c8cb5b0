import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Decoder } from '../../src/decode/decoder.ts'
import {
  countRows,
  createOpenDecoder,
  join,
  RECEIVED_MS,
  type Rows,
  referenceRows,
  sealRows,
  telemetryOf,
} from './equality-fixture.ts'
import { anyRequest, type SignalBody, spoil } from './otlp-arbitrary.ts'
import { toJsonBody } from './otlp-json.ts'

// The one-pass decoder writes what the reference decoder writes, whatever protobuf allows. Failures
// print their seed.

interface Step extends SignalBody {
  /** Taken; bad at its very end; or taken and then taken back, as when the log is full. */
  readonly fate: 'kept' | 'bad' | 'refused'
}
const step: fc.Arbitrary<Step> = fc
  .tuple(anyRequest, fc.constantFrom<Step['fate']>('kept', 'kept', 'kept', 'bad', 'refused'))
  .map(([request, fate]) => ({ ...(fate === 'bad' ? spoil(request) : request), fate }))

/** Decodes the request as its fate wants it; returns the rows that must be in the open blocks. */
function take(decoder: Decoder, { signal, body, fate }: Step): Rows {
  const request = { signal, body, encoding: 'protobuf' as const }
  const expected = referenceRows(request)
  const result = decoder.decode({ ...request, receivedUnixMs: RECEIVED_MS })
  if (result.status === 'bad') {
    expect({ fate, expected }, result.reason).toEqual({ fate: 'bad', expected: undefined })
    return {}
  }
  expect(fate).not.toBe('bad')
  expect(result.batch.rowCount).toBe(countRows(expected ?? {}))
  expect(result.batch.itemCount).toBe(result.batch.rowCount)
  if (fate === 'kept') return expected ?? {}
  result.batch.discard()
  return {}
}

const SIZES = [
  { what: 'usual', names: undefined },
  // Room for ten names beside those of the largest item, and for two words: forgotten all the time.
  {
    what: 'tiny',
    names: {
      keys: { countMax: 1_010, bytesMax: 1_030_000 },
      words: { countMax: 2, bytesMax: 1_024 },
    },
  },
]

test.for(SIZES)('many requests in one block are the reference rows ($what memory)', ({ names }) => {
  const blocks = fc.array(fc.array(step, { minLength: 1, maxLength: 5 }), {
    minLength: 1,
    maxLength: 3,
  })
  fc.assert(
    fc.property(blocks, (all) => {
      const decoder = createOpenDecoder(names)
      for (const steps of all) {
        const expected = join(steps.map((one) => take(decoder, one)))
        expect(telemetryOf(sealRows(decoder))).toEqual(expected)
      }
    }),
    { numRuns: 200 },
  )
})

test('the same request as JSON is the same rows', () => {
  const decoder = createOpenDecoder()
  fc.assert(
    fc.property(anyRequest, ({ signal, body }) => {
      const json = { signal, encoding: 'json' as const, body: toJsonBody(signal, body) }
      const expected = referenceRows({ signal, encoding: 'protobuf', body })
      expect(decoder.decode({ ...json, receivedUnixMs: RECEIVED_MS })).toMatchObject({
        status: 'ok',
      })
      expect(telemetryOf(sealRows(decoder))).toEqual(expected)
      expect(referenceRows(json)).toEqual(expected)
    }),
    { numRuns: 500 },
  )
})
