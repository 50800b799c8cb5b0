import fc from 'fast-check'
import { expect, test } from 'vitest'
import { createByteSearch } from '../../src/lib/byte-search.ts'

const WORDS = ['cat', 'catalogue', 'gen_ai.prompt', 'cookie', 'api-key']

test('a word is found wherever it stands, in any case, and places come in order', () => {
  const search = createByteSearch({ words: WORDS, usual: 'catalogue of keys' })
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.string(), fc.constantFrom(...WORDS))), (parts) => {
      const text = Buffer.from(parts.join(' '), 'latin1').toString('latin1')
      const mixed = [...text].map((one, i) => (i % 2 ? one.toUpperCase() : one)).join('')
      const bytes = Buffer.from(mixed, 'latin1')
      const places = search.find(bytes, 1_000)
      expect(places).toEqual([...places].sort((a, b) => a - b))
      for (const word of WORDS) {
        const lower = bytes.toString('latin1').toLowerCase()
        for (let at = lower.indexOf(word); at >= 0; at = lower.indexOf(word, at + 1))
          expect(places.some((place) => place >= at && place < at + word.length)).toBe(true)
      }
    }),
  )
})

test('it stops at the given count, and finds nothing where nothing is', () => {
  const search = createByteSearch({ words: WORDS, usual: '' })
  expect(search.find(Buffer.from('cat'.repeat(50)), 7)).toHaveLength(7)
  expect(search.find(Buffer.from('dog'.repeat(50)), 7)).toEqual([])
  expect(search.find(Buffer.alloc(1), 7)).toEqual([])
})
