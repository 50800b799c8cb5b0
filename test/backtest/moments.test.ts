import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sortBySeen } from '../../src/backtest/moments.ts'
import { createByteRoom } from '../../src/lib/byte-room.ts'
import { computedNumbers } from '../../src/lib/native-numbers.ts'

test('rows of all blocks come moment by moment, each once and in the order of their blocks', () => {
  const block = fc.array(fc.integer({ min: 0, max: 12 }), { maxLength: 30 })
  fc.assert(
    fc.property(fc.array(block, { maxLength: 4 }), (blocks) => {
      const columns = blocks.map((seen) => ({
        seen: computedNumbers((row) => seen[row] ?? Number.NaN),
        rowCount: seen.length,
      }))
      const moments = sortBySeen(columns)
      const sorted = blocks
        .flatMap((seen, index) => seen.map((moment, row) => [moment, index, row] as const))
        .sort(([a], [b]) => a - b)
      let from = 0
      const taken = [...moments.seen].flatMap((seen, index) => {
        const to = moments.ends[index] ?? 0
        const rows = [...moments.rows.subarray(from, to)]
        const own = rows.map((row, at) => [seen, moments.blocks[from + at], row])
        from = to
        return own
      })
      expect(taken).toEqual(sorted)
      expect([...moments.seen]).toEqual([...new Set(sorted.map(([moment]) => moment))])
    }),
  )
})

test('room is used again once it was cleared, and never twice before', () => {
  const room = createByteRoom()
  const sizes = [10, 9 << 20, 3, 5 << 20, 5 << 20]
  const fill = () =>
    sizes.map((size, index) => {
      const bytes = room.take(size)
      return bytes.fill(index)
    })
  const first = fill()
  expect(first.map((bytes) => [bytes.length, bytes[0], bytes.at(-1)])).toEqual(
    sizes.map((size, index) => [size, index, index]),
  )
  room.clear()
  const again = fill()
  expect(again.map(({ buffer }) => buffer)).toEqual(first.map(({ buffer }) => buffer))
})
