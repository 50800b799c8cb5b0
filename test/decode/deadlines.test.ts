import { expect, test } from 'vitest'
import { createDeadlines } from '../../src/decode/deadlines.ts'
import { createTurnedClock } from '../../src/lib/turned-clock.ts'
import { createTestDecoder, decodeDocument, NOW_MS, unitOf } from './decoder-fixture.ts'
import { traces } from './otlp-builder.ts'

test('a request without an end is observed and logged at its deadline, by the clock given', async () => {
  const decoder = createTestDecoder()
  const clock = createTurnedClock(NOW_MS)
  const rowCounts: number[] = []
  const seen: (string | undefined)[] = []
  const deadlines = createDeadlines({
    nextSeenAt: () => 1n,
    ...{ decoder, clock },
    observe: ({ observations }) => {
      for (const { request } of observations) seen.push(request?.errorType)
    },
    append: async ({ rowCount }) => rowCounts.push(rowCount),
  })
  await deadlines.start()
  const attributes = {
    'signalbox.request.id': 'r',
    'signalbox.route': 'preview',
    'signalbox.async': true,
  }
  const document = traces({ 'service.name': 'gateway' }, [
    { kind: 'server', startMs: NOW_MS, attributes },
  ])
  expect(unitOf(decodeDocument('traces', document, decoder), 'request')).toEqual([])
  clock.turn(120_000)
  expect(seen).toEqual([])
  clock.turn(2_000)
  expect([seen, rowCounts]).toEqual([['no_answer'], [1]])
  await deadlines.stop()
  await deadlines.stop()
})
