import fc from 'fast-check'
import { expect, test } from 'vitest'
import { viewOf } from '../../src/lib/growing-bytes.ts'
import { createInterner, type Interner } from '../../src/lib/interner.ts'
import { createPlainColumn } from '../../src/lib/native-column.ts'
import { createMapColumn, prepareMap } from '../../src/lib/native-map.ts'
import { createNested } from '../../src/lib/native-nested.ts'
import { createNativeTable } from '../../src/lib/native-table.ts'
import { createWordColumn } from '../../src/lib/native-words.ts'
import type { Row } from '../../src/model/batch.ts'
import { readNative } from '../decode/native-reader.ts'

// Columns of every kind, written, taken back and sealed in any order, and read by a reader of its own.

type Texts = Readonly<Record<string, string>>

interface Content {
  readonly text: string
  readonly word: string
  readonly number: number
  readonly map: Texts
  readonly parts: readonly { readonly name: string; readonly map: Texts }[]
}

function createTable(interner: Interner) {
  const text = createPlainColumn('text', 'String')
  const word = createWordColumn('word', interner)
  const number = createPlainColumn('number', 'UInt64')
  const map = createMapColumn('map', interner)
  const names = createWordColumn('parts.name', interner)
  const maps = createMapColumn('parts.map', interner)
  const parts = createNested([names, maps])
  const table = createNativeTable('t', [text, word, number, map, ...parts.columns])
  const pushWord = (value: string) => {
    const bytes = Buffer.from(value)
    word.pushBytes({ bytes, view: viewOf(bytes) }, 0, bytes.length)
  }
  return {
    table,
    push(content: Content) {
      text.data.text(content.text)
      pushWord(content.word)
      number.data.uint64(content.number)
      if (Object.keys(content.map).length === 0) map.pushEmpty()
      else map.pushPrepared(prepareMap(content.map), 1)
      for (const part of content.parts) {
        names.pushText(part.name)
        maps.pushPrepared(prepareMap(part.map), 1)
      }
      parts.endRow(content.parts.length)
      table.rowCount++
    },
  }
}

const toRow = ({ text, word, number, map, parts }: Content): Row => ({
  ...{ text, word, map, number: String(number) },
  'parts.name': parts.map(({ name }) => name),
  'parts.map': parts.map((part) => part.map),
})

const word = fc.constantFrom('', 'a', 'bb', 'ccc', 'ü', 'x'.repeat(300))
const map = fc.dictionary(word, fc.string(), { maxKeys: 4 })
const content = fc.record({
  ...{ text: fc.string(), number: fc.maxSafeNat(), map },
  word: fc.oneof(word, fc.string(), fc.constant('y'.repeat(2_000))),
  parts: fc.array(fc.record({ name: word, map }), { maxLength: 3 }),
})
const steps = fc.array(fc.oneof(content, fc.constantFrom('mark', 'rollback', 'seal')))

// Few strings fit into the smaller interner, so that its numbers become void in the middle of blocks.
test.for([16, 10_000])('what is read is what was written (interner of %s)', (countMax) => {
  const interner = createInterner({ countMax, bytesMax: 1 << 16 })
  fc.assert(
    fc.property(steps, (all) => {
      const { table, push } = createTable(interner)
      let rows: Row[] = []
      let markedCount = 0
      for (const step of [...all, 'seal']) {
        if (step === 'mark') markedCount = rows.length
        else if (step === 'rollback') rows = rows.slice(0, markedCount)
        else if (step !== 'seal') rows.push(toRow(step as Content))
        if (step === 'mark') table.mark()
        else if (step === 'rollback') table.rollback()
        else if (step !== 'seal') push(step as Content)
        expect(table.rowCount).toBe(rows.length)
        if (step !== 'seal') continue
        const [block] = readNative(Buffer.from(table.seal()))
        expect(block?.rows).toEqual(rows)
        rows = []
        markedCount = 0
        // A mark is of its block.
        table.mark()
      }
    }),
  )
})

test('every column is named, with its type, also in an empty block', () => {
  const { table } = createTable(createInterner({ countMax: 16, bytesMax: 100 }))
  const [block] = readNative(table.seal())
  expect([...(block?.columns ?? [])]).toEqual([
    ['text', 'String'],
    ['word', 'LowCardinality(String)'],
    ['number', 'UInt64'],
    ['map', 'Map(LowCardinality(String), String)'],
    ['parts.name', 'Array(LowCardinality(String))'],
    ['parts.map', 'Array(Map(LowCardinality(String), String))'],
  ])
  expect(table.columns).toEqual([...(block?.columns.keys() ?? [])])
  expect(block?.rows).toEqual([])
})

test.for([1, 256, 257, 65_536, 65_537])('a dictionary of %s words is read', (count) => {
  const column = createWordColumn('w', createInterner({ countMax: 1 << 17, bytesMax: 1 << 22 }))
  const table = createNativeTable('t', [column])
  const words = Array.from({ length: count }, (_, n) => `w${n}`)
  for (const one of words) column.pushText(one)
  column.pushText('w0')
  table.rowCount = count + 1
  const [block] = readNative(table.seal())
  expect(block?.rows.map(({ w }) => w)).toEqual([...words, 'w0'])
})

test('numbers of the interner that became void are no words of the block', () => {
  const column = createWordColumn('w', createInterner({ countMax: 3, bytesMax: 100 }))
  const table = createNativeTable('t', [column])
  const words = Array.from({ length: 50 }, (_, n) => `w${(n * 7) % 11}`)
  for (const one of words) {
    const bytes = Buffer.from(one)
    column.pushBytes({ bytes, view: viewOf(bytes) }, 0, bytes.length)
  }
  table.rowCount = words.length
  expect(readNative(table.seal())[0]?.rows.map(({ w }) => w)).toEqual(words)
})

test('one prepared map is copied to many rows, of several columns and blocks', () => {
  const interner = createInterner({ countMax: 16, bytesMax: 1_000 })
  const prepared = prepareMap({ b: '1', a: 'ü' })
  const [first, second] = [createMapColumn('first', interner), createMapColumn('second', interner)]
  const table = createNativeTable('t', [first, second])
  for (let block = 0; block < 2; block++) {
    second.pushPrepared(prepareMap({ other: 'x' }), 1)
    first.pushPrepared(prepared, 3)
    second.pushPrepared(prepared, 2)
    table.rowCount = 3
    const rows = readNative(table.seal())[0]?.rows.map((row) => [row.first, row.second])
    const map = { b: '1', a: 'ü' }
    expect(rows).toEqual([[map, { other: 'x' }], ...[1, 2].map(() => [map, map])])
  }
})

test('the size of a block is known about, before it is made', () => {
  const { table, push } = createTable(createInterner({ countMax: 1_000, bytesMax: 1 << 16 }))
  for (let n = 0; n < 1_000; n++) {
    const one = { text: `text ${n}`, word: 'w', number: n, map: { key: 'value' } }
    push({ ...one, parts: [{ name: 'n', map: { k: 'v' } }] })
  }
  const expected = table.byteCount
  const { length } = table.seal()
  expect(Math.abs(expected - length) / length).toBeLessThan(0.25)
  expect(table.byteCount).toBeLessThan(500)
})

test('columns that nobody uses are left out until somebody does, and never again', () => {
  const plain = createPlainColumn('plain', 'String')
  const inner = createPlainColumn('rare.text', 'String')
  const rare = createNested([inner])
  const table = createNativeTable('t', [plain, ...rare.columns], [rare])
  const seal = (...rows: readonly (readonly string[])[]) => {
    for (const texts of rows) {
      plain.data.text('p')
      for (const text of texts) inner.data.text(text)
      rare.endRow(texts.length)
      table.rowCount++
    }
    const read = readNative(Buffer.from(table.seal())).flatMap((block) => block.rows)
    return { columns: table.columns, read }
  }
  const row = { plain: 'p' }
  expect(seal([], [])).toEqual({ columns: ['plain'], read: [row, row] })
  const columns = ['plain', 'rare.text']
  const used = {
    columns,
    read: [
      { ...row, 'rare.text': [] },
      { ...row, 'rare.text': ['x', 'y'] },
    ],
  }
  expect(seal([], ['x', 'y'])).toEqual(used)
  expect(seal([])).toEqual({ columns, read: [{ ...row, 'rare.text': [] }] })
})

test('what a refused request used was not used', () => {
  const inner = createPlainColumn('rare.text', 'String')
  const plain = createPlainColumn('plain', 'String')
  const rare = createNested([inner])
  const table = createNativeTable('t', [plain, ...rare.columns], [rare])
  table.mark()
  plain.data.text('refused')
  inner.data.text('x')
  rare.endRow(1)
  table.rowCount++
  table.rollback()
  plain.data.text('p')
  rare.endRow(0)
  table.rowCount++
  expect(readNative(Buffer.from(table.seal()))[0]?.rows).toEqual([{ plain: 'p' }])
})
