import { expect, test } from 'vitest'
import { playSlice } from '../../src/backtest/frames.ts'
import { createPairBook } from '../../src/backtest/pair-book.ts'
import { planOf } from '../../src/backtest/plan.ts'
import { createMeanings } from '../../src/config/meanings.ts'
import { createRecordedMemory } from '../../src/decode/recorded-memory.ts'
import { createInterner } from '../../src/lib/interner.ts'
import { createPlainColumn } from '../../src/lib/native-column.ts'
import { createMapColumn, prepareMap } from '../../src/lib/native-map.ts'
import { readNative } from '../../src/lib/native-reader.ts'
import { createNativeTable } from '../../src/lib/native-table.ts'
import { createWordColumn } from '../../src/lib/native-words.ts'

const SENT = 50_000

/** As many requests, each with a span of the same sender. */
function arrivals() {
  const interner = createInterner({ countMax: 1_000, bytesMax: 1 << 20 })
  const [seen, newest] = [
    createPlainColumn('seen', 'UInt64'),
    createPlainColumn('NewestMs', 'UInt64'),
  ]
  const [id, units] = [createPlainColumn('Source', 'String'), createPlainColumn('Units', 'UInt8')]
  const component = createWordColumn('Component', interner)
  const resource = createMapColumn('R', interner)
  const table = createNativeTable('x', [seen, newest, id, units, component, resource])
  for (let row = 0; row < SENT; row++) {
    seen.data.uint64(row * 1e6)
    newest.data.uint64(row)
    id.data.text('one')
    units.data.byte(4)
    component.pushText('worker')
    resource.pushPrepared(prepareMap({ zone: `${row % 2}` }), 1)
    table.rowCount++
  }
  return readNative(table.seal())
}

test('a long slice leaves the event loop its turns, or connections die unnoticed', async () => {
  const none = { attempts: [], requests: [], rare: [], spans: [], logs: [], points: [] }
  const rows = { arrivals: arrivals(), ...none, statuses: [], restarts: [] }
  const meanings = createMeanings({ telemetry: { attributes: {} } })
  const options = {
    plan: planOf([], meanings),
    resources: { meanings, services: {} },
    ...{ pairs: createPairBook(), memory: createRecordedMemory() },
  }
  let frames = 0
  const zones = new Set<unknown>()
  const turns: number[] = []
  const look = () => {
    turns.push(frames)
    if (frames < SENT) setImmediate(look)
  }
  setImmediate(look)
  const slice = { base: 0n, from: 0n, to: 1n }
  await playSlice({ slice, ...rows, resourcesByHash: new Map() }, options, (frame) => {
    frames++
    if ('observations' in frame) zones.add(frame.observations[0]?.field('resource.zone'))
  })
  expect(frames).toBe(SENT)
  expect(turns.filter((count) => count > 0 && count < SENT).length).toBeGreaterThan(1)
  expect([...zones]).toEqual(['0', '1'])
})
