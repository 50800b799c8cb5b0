import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createGrowingBytes, type GrowingBytes, viewOf } from '../../src/lib/growing-bytes.ts'

const written = ({ bytes, length }: GrowingBytes) => Buffer.from(bytes.subarray(0, length))
const sourceOf = (bytes: Buffer) => ({ bytes, view: viewOf(bytes) })

/** Base 128, by big integers. */
function varint(value: number): Buffer {
  const bytes: number[] = []
  let rest = BigInt(value)
  for (; rest > 0x7fn; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80)
  return Buffer.from([...bytes, Number(rest)])
}

function uint64(value: number): Buffer {
  const bytes = Buffer.alloc(8)
  bytes.writeBigUInt64LE(BigInt(value))
  return bytes
}

const withLength = (text: string) =>
  Buffer.concat([varint(Buffer.byteLength(text)), Buffer.from(text)])

test.for([0, 1, 127, 128, 16_383, 16_384, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 40 + 5, 2 ** 53])(
  '%s is a base-128 number, and eight bytes',
  (value) => {
    const out = createGrowingBytes(1)
    out.varint(value)
    out.uint64(value)
    expect(written(out)).toEqual(Buffer.concat([varint(value), uint64(value)]))
  },
)

test.for([
  ['', '00'],
  ['a', '0161'],
  ['ü長', '05c3bce995b7'],
  ['half \ud800 of a character', undefined],
] as const)('the text %j has its length in bytes before it', ([text, hex]) => {
  const out = createGrowingBytes(1)
  out.text(text)
  expect(written(out)).toEqual(withLength(Buffer.from(text).toString()))
  if (hex !== undefined) expect(written(out).toString('hex')).toBe(hex)
})

test('bytes are copied as text from any place, also the very end, with U+FFFD for what is none', () => {
  const wholes = ['x', 'ü', '長', '😀'].map((text) => Buffer.from(text))
  for (const character of [...wholes, Buffer.from([0xff]), Buffer.from([0xe9, 0x95])]) {
    for (let count = 0; count <= 80; count++) {
      const text = Buffer.concat([Buffer.alloc(count, 0x61), character])
      for (let behind = 0; behind <= 5; behind++) {
        const bytes = Buffer.concat([
          Buffer.alloc(count % 4, 0xff),
          text,
          Buffer.alloc(behind, 0xff),
        ])
        const out = createGrowingBytes(1)
        out.byte(7)
        out.utf8(sourceOf(bytes), count % 4, (count % 4) + text.length)
        out.byte(9)
        const expected = [Buffer.from([7]), withLength(text.toString()), Buffer.from([9])]
        expect(written(out)).toEqual(Buffer.concat(expected))
      }
    }
  }
})

test('any sequence of writes is what writing it one by one gives', () => {
  type Step = (out: GrowingBytes) => Buffer
  const step = fc.oneof(
    fc.nat(255).map<Step>((value) => (out) => {
      out.byte(value)
      return Buffer.from([value])
    }),
    fc.maxSafeNat().map<Step>((value) => (out) => {
      out.varint(value)
      return varint(value)
    }),
    fc.uint8Array({ maxLength: 200 }).map<Step>((bytes) => (out) => {
      out.copy(bytes, 0, bytes.length)
      return Buffer.from(bytes)
    }),
    fc.string({ unit: 'binary', maxLength: 100 }).map<Step>((text) => (out) => {
      out.text(text)
      return withLength(text)
    }),
    fc.uint8Array({ maxLength: 100 }).map<Step>((bytes) => (out) => {
      out.utf8(sourceOf(Buffer.from(bytes)), 0, bytes.length)
      return withLength(Buffer.from(bytes).toString())
    }),
    fc.tuple(fc.uint8Array({ maxLength: 9 }), fc.nat(20)).map<Step>(([bytes, times]) => (out) => {
      const from = out.length
      out.copy(bytes, 0, bytes.length)
      out.repeat(from, times)
      return Buffer.concat(Array.from({ length: times }, () => bytes))
    }),
  )
  fc.assert(
    fc.property(fc.array(step), (steps) => {
      const out = createGrowingBytes(1)
      const expected = Buffer.concat(steps.map((write) => write(out)))
      expect(written(out)).toEqual(expected)
      expect(out.view.byteLength).toBe(out.bytes.length)
    }),
  )
})
