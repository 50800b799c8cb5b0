import fc from 'fast-check'
import { expect, test } from 'vitest'
import { toUnixMs } from '../../src/decode/int64.ts'
import { alikeIntegers, alikeMaps, RowGroups } from '../../src/decode/recorded-groups.ts'
import { toNs, toUnixMsAt } from '../../src/decode/recorded-times.ts'
import { computedNumbers, createNumbers } from '../../src/lib/native-numbers.ts'
import { type Codes, Maps, Words } from '../../src/lib/native-values.ts'

const integers = (values: readonly number[]) =>
  alikeIntegers(
    values.length,
    computedNumbers((row) => values[row] ?? 0),
  )

/** Rows of one group, and no others, have the same text. */
function expectGroups(columns: readonly (Codes | undefined)[], texts: readonly string[]) {
  const groups = new RowGroups(texts.length)
  for (const column of columns) groups.split(column)
  const firsts = [...groups.firsts()]
  const numbers = new Map<string, number>()
  for (const [row, text] of texts.entries()) {
    const group = groups.of[row] ?? -1
    expect(numbers.get(text) ?? group).toBe(group)
    numbers.set(text, group)
    expect(texts[firsts[group] ?? -1]).toBe(text)
  }
  expect(numbers.size).toBe(groups.count)
}

// Few values, and more than a table of all pairs has places for.
test.for([3, 2_000])('rows are one group when they are alike in all columns of %s', (max) => {
  const row = fc.tuple(...[1, 2, 3].map(() => fc.integer({ min: 0, max })))
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 60 }), (rows) => {
      const columns = [0, 1, 2].map((at) => integers(rows.map((one) => one[at] ?? 0)).codes)
      expectGroups(
        columns,
        rows.map((one) => one.join(' ')),
      )
    }),
  )
})

test('maps are alike by their entries, those that vary by whether they say something', () => {
  const map = fc.dictionary(fc.constantFrom('a', 'b', 'varies'), fc.constantFrom('', 'x', 'y'))
  fc.assert(
    fc.property(fc.array(map, { minLength: 1, maxLength: 40 }), (maps) => {
      const entries = maps.map((one) => Object.entries(one).sort())
      const words = ['', 'x', 'y', 'a', 'b', 'varies']
      const toWords = (texts: readonly string[]) =>
        new Words(
          words,
          Uint8Array.from(texts, (text) => words.indexOf(text)),
        )
      let end = 0
      const column = new Maps({
        keys: toWords(entries.flat().map(([key]) => key)),
        values: toWords(entries.flat().map(([, value]) => value)),
        ends: Uint32Array.from(entries, ({ length }) => {
          end += length
          return end
        }),
      })
      const alike = alikeMaps(column, (key) => key === 'varies')
      const texts = entries.map((one) =>
        JSON.stringify(one.map(([k, value]) => [k, k === 'varies' ? value === '' : value])),
      )
      expectGroups([alike.codes], texts)
      const told = maps.map((_, row) => JSON.stringify(alike.at(row)))
      expect(new Set(told).size).toBe(new Set(texts).size)
    }),
  )
})

test('a column without a dictionary leaves nothing alike, nor do too many groups', () => {
  const unknown = new RowGroups(2)
  unknown.split(undefined)
  const many = new RowGroups(5_000)
  many.split(integers(Array.from({ length: 5_000 }, (_, row) => row)).codes)
  expect([unknown.isTooMany, many.isTooMany]).toEqual([true, true])
})

test('times are what decoding makes of the same nanoseconds', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: 9_000_000_000_000_000_000n }), (ns) => {
      const bytes = Buffer.alloc(8)
      bytes.writeBigInt64LE(ns)
      const column = createNumbers(new DataView(bytes.buffer, bytes.byteOffset, 8), 'Int64')
      expect([toNs(column, 0), toUnixMsAt(column, 0)]).toEqual([ns, toUnixMs(ns)])
    }),
  )
})
