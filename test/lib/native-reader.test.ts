import { expect, test } from 'vitest'
import { createInterner } from '../../src/lib/interner.ts'
import { createPlainColumn } from '../../src/lib/native-column.ts'
import { createMapColumn, prepareMap } from '../../src/lib/native-map.ts'
import { readNative } from '../../src/lib/native-reader.ts'
import { createNativeTable } from '../../src/lib/native-table.ts'
import { createWordColumn } from '../../src/lib/native-words.ts'

const interner = () => createInterner({ countMax: 100_000, bytesMax: 8 << 20 })

test.for([1, 300, 70_000])('reads back what a table of %s different words wrote', (count) => {
  const words = createWordColumn('w', interner())
  const texts = createPlainColumn('t', 'String')
  const numbers = createPlainColumn('n', 'UInt64')
  const table = createNativeTable('x', [words, texts, numbers])
  for (let row = 0; row < count; row++) {
    words.pushText(`word ${row}`)
    texts.data.text(`text ${'ü'.repeat(row % 200)}`)
    numbers.data.uint64(row * 1e9)
    table.rowCount++
  }
  const [rows, ...others] = readNative(table.seal())
  expect([others, rows?.rowCount, rows?.has('w'), rows?.has('other')]).toEqual([
    [],
    count,
    true,
    false,
  ])
  for (const row of [0, count >> 1, count - 1]) {
    expect(rows?.texts('w').at(row)).toBe(`word ${row}`)
    expect(rows?.texts('t').at(row)).toBe(`text ${'ü'.repeat(row % 200)}`)
    expect(rows?.numbers('n').at(row)).toBe(row * 1e9)
    expect(rows?.numbers('n').low(row)).toBe((row * 1e9) % 2 ** 32)
  }
})

test('reads maps by key, also empty ones', () => {
  const column = createMapColumn('m', interner())
  const table = createNativeTable('x', [column])
  for (const map of [{ a: '1', b: '' }, {}, { b: 'two' }]) {
    column.pushPrepared(prepareMap(map as Record<string, string>), 1)
    table.rowCount++
  }
  const maps = readNative(table.seal())[0]?.maps('m')
  expect([0, 1, 2].map((row) => [maps?.get(row, 'b'), maps?.keys(row)])).toEqual([
    ['', ['a', 'b']],
    [undefined, []],
    ['two', ['b']],
  ])
})

test('an answer that is cut off, or a column that was not asked for, is an error', () => {
  const texts = createPlainColumn('t', 'String')
  const table = createNativeTable('x', [texts])
  texts.data.text('value')
  table.rowCount = 1
  const bytes = Buffer.from(table.seal())
  expect(() => readNative(bytes.subarray(0, bytes.length - 1))).toThrow('cut off')
  expect(() => readNative(bytes)[0]?.numbers('t')).toThrow('no such column')
})
