import fc from 'fast-check'
import { expect, test } from 'vitest'
import { type BodyMemory, createBodyMemory } from '../../src/receive/body-bytes.ts'

const KIB = 1_024

function fill(memory: BodyMemory, pieces: readonly Buffer[], expectedBytes?: number) {
  const body = memory.open(expectedBytes)
  for (const piece of pieces) body.append(piece)
  return body
}

const pieces = fc
  .array(fc.nat({ max: 90 * KIB }), { maxLength: 8 })
  .map((sizes) => sizes.map((size, index) => Buffer.alloc(size, index + 1)))

test('a body is its pieces, whatever its length was said to be, also in memory used before', () => {
  const memory = createBodyMemory()
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 4 }), fc.nat(), (bodies, expectedBytes) => {
      const open = bodies.map((own) => fill(memory, own, expectedBytes))
      for (const [index, body] of open.entries())
        expect(body.bytes().equals(Buffer.concat(bodies[index] ?? []))).toBe(true)
      for (const body of open) body.release()
    }),
    { numRuns: 50 },
  )
})

test('what was released is used again, once', () => {
  const memory = createBodyMemory()
  const two = [Buffer.alloc(70 * KIB, 1), Buffer.alloc(70 * KIB, 2)]
  const first = fill(memory, two)
  const { buffer } = first.bytes()
  first.release()
  first.release()
  const [second, third] = [fill(memory, two), fill(memory, two)]
  expect(second.bytes().buffer).toBe(buffer)
  expect(third.bytes().buffer).not.toBe(buffer)
  expect(first.bytes()).toHaveLength(0)
})

test('a body in one piece is not copied, and keeps nothing', () => {
  const memory = createBodyMemory()
  const piece = Buffer.alloc(200 * KIB, 7)
  const body = fill(memory, [piece], 1e9)
  expect(body.bytes()).toBe(piece)
  body.release()
  expect(fill(memory, [piece, piece]).bytes().buffer).not.toBe(piece.buffer)
})

test('who says much and sends little gets eight times what it sent', () => {
  const body = fill(createBodyMemory(), [Buffer.alloc(10 * KIB), Buffer.alloc(10 * KIB)], 1e9)
  expect(body.bytes().buffer.byteLength).toBe(256 * KIB)
})

test('no more is kept than it may, and nothing large for ever', () => {
  const memory = createBodyMemory(128 * KIB)
  const two = [Buffer.alloc(40 * KIB), Buffer.alloc(40 * KIB)]
  const open = [fill(memory, two), fill(memory, two)]
  const buffers = new Set(open.map((body) => body.bytes().buffer))
  for (const body of open) body.release()
  const again = [fill(memory, two), fill(memory, two)].map((body) => body.bytes().buffer)
  expect(again.filter((buffer) => buffers.has(buffer))).toHaveLength(1)
  const large = fill(createBodyMemory(), [Buffer.alloc(3e6), Buffer.alloc(3e6)])
  const { buffer } = large.bytes()
  large.release()
  expect(fill(memory, [Buffer.alloc(3e6), Buffer.alloc(3e6)]).bytes().buffer).not.toBe(buffer)
})
