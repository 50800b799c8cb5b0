import fc from 'fast-check'
import { expect, test } from 'vitest'
import { TraceIds } from '../../src/decode/trace-ids.ts'
import { viewOf } from '../../src/lib/growing-bytes.ts'

const id = fc.oneof(
  fc.uint8Array({ minLength: 16, maxLength: 16 }),
  fc.constantFrom(...[0, 1, 255].map((last) => new Uint8Array(16).fill(last, 15))),
)

test('ids are their hex, whichever came before', () => {
  fc.assert(
    fc.property(fc.array(id, { minLength: 1 }), (all) => {
      const bytes = Buffer.concat([Buffer.from('x'), ...all])
      const ids = new TraceIds()
      const read = all.map((_, n) => ids.of({ bytes, view: viewOf(bytes) }, 1 + n * 16))
      expect(read).toEqual(all.map((one) => Buffer.from(one).toString('hex')))
    }),
  )
})
