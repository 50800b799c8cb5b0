import { expect, test } from 'vitest'
import { AppError } from '../../src/lib/errors.ts'
import { createTurnedClock } from '../../src/lib/turned-clock.ts'
import type { Insertion } from '../../src/store/clickhouse.ts'
import { createJournal } from '../../src/store/journal.ts'
import { createStoreEvents } from '../../src/telemetry/store-events.ts'
import { createSilentTelemetry } from '../../src/telemetry/telemetry.ts'

function open(rowsMax?: number) {
  const stored: Insertion[] = []
  const tried: string[] = []
  const clock = createTurnedClock()
  const telemetry = createSilentTelemetry()
  const sink = { failing: undefined as Error | undefined, stored, tried }
  const journal = createJournal({
    clock,
    events: createStoreEvents(telemetry),
    ...(rowsMax && { rowsMax }),
    async insert(insertion) {
      tried.push(insertion.token)
      if (sink.failing) throw sink.failing
      stored.push(insertion)
    },
  })
  const dropped = async () =>
    (await telemetry.registry.getSingleMetric('signalbox_store_journal_dropped_total')?.get())
      ?.values[0]?.value
  return { journal, clock, sink, dropped }
}
const ids = (stored: readonly Insertion[]) => stored.flatMap(({ rows }) => rows.map(({ Id }) => Id))

test('rows go out once a second, one insert per table', async () => {
  const { journal, clock, sink } = open()
  await journal.start()
  journal.write('signalbox_incidents', { Id: 1 })
  journal.write('signalbox_transitions', { Id: 2 })
  journal.write('signalbox_incidents', { Id: 3 })
  expect(sink.stored).toEqual([])
  await clock.turnAsync(1_000)
  expect(sink.stored.map(({ table }) => table)).toEqual([
    'signalbox_incidents',
    'signalbox_transitions',
  ])
  expect(ids(sink.stored)).toEqual([1, 3, 2])
  await journal.stop()
})

test('numbers in time columns become text, and text stays', async () => {
  const { journal, sink } = open()
  journal.write('signalbox_rule_evaluations', {
    At: 1_768_141_597_312,
    Watermark: 'as it is',
    Count: 7,
  })
  await journal.flush()
  expect(sink.stored[0]?.rows).toEqual([
    { At: '2026-01-11T14:26:37.312Z', Watermark: 'as it is', Count: 7 },
  ])
})

test('a database that is down is asked again with the same token, and nothing is lost', async () => {
  const { journal, clock, sink } = open()
  await journal.start()
  sink.failing = new AppError('CLICKHOUSE_UNAVAILABLE', 'connection refused')
  journal.write('signalbox_incidents', { Id: 1 })
  await clock.turnAsync(5_000)
  journal.write('signalbox_incidents', { Id: 2 })
  sink.failing = undefined
  await clock.turnAsync(2_000)
  expect(ids(sink.stored)).toEqual([1, 2])
  expect(new Set(sink.tried).size).toBe(2)
  expect(sink.tried.length).toBeGreaterThan(3)
  await journal.stop()
})

test('a full buffer drops its oldest rows and counts them', async () => {
  const { journal, sink, dropped } = open(3)
  for (let Id = 1; Id <= 5; Id++) journal.write('signalbox_incidents', { Id })
  await journal.flush()
  expect(ids(sink.stored)).toEqual([3, 4, 5])
  expect(await dropped()).toBe(2)
})

test('a batch that is refused for good is dropped after three tries', async () => {
  const { journal, sink, dropped } = open()
  sink.failing = new AppError('CLICKHOUSE_QUERY_FAILED', 'no such column')
  journal.write('signalbox_incidents', { Id: 1 })
  for (let i = 0; i < 4; i++) await journal.flush()
  expect(sink.tried).toHaveLength(3)
  expect(await dropped()).toBe(1)
  sink.failing = undefined
  journal.write('signalbox_incidents', { Id: 2 })
  await journal.flush()
  expect(ids(sink.stored)).toEqual([2])
})

test('stopping stores what is buffered, and waits two seconds at most', async () => {
  const { journal, sink } = open()
  await journal.start()
  journal.write('signalbox_incidents', { Id: 1 })
  await journal.stop()
  expect(ids(sink.stored)).toEqual([1])
  await journal.stop()
})
