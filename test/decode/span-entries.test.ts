import fc from 'fast-check'
import { expect, test } from 'vitest'
import { SpanEntries } from '../../src/decode/span-entries.ts'

const ids = fc.array(fc.constantFrom('', ...'abcdefgh'), { maxLength: 20 })

test('entries are found by their span, the first of each, few or many', () => {
  fc.assert(
    fc.property(ids, (spanIds) => {
      const entries = new SpanEntries<{ readonly said: { readonly spanId: string } }>()
      const known = new Map<string, unknown>()
      const all: unknown[] = []
      for (const spanId of spanIds) {
        const entry = { said: { spanId } }
        const counts = (spanId !== '' && known.get(spanId)) || entry
        if (counts === entry) all.push(entry)
        if (spanId !== '') known.set(spanId, counts)
        expect(entries.add(entry)).toBe(counts)
        expect(entries.list).toEqual(all)
        for (const one of ['', ...'abcdefgh']) expect(entries.get(one)).toBe(known.get(one))
      }
    }),
  )
})
