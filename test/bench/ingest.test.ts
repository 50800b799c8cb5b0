import { expect, test } from 'vitest'
import { VARIANTS } from '../../src/bench/ingest.ts'

test('the variants are every size, encoding and compression once, and the naive pipeline', () => {
  const shapes = VARIANTS.map(
    ({ spansPerRequest, encoding, isGzip }) => `${spansPerRequest} ${encoding} ${isGzip}`,
  )
  expect(VARIANTS.at(0)).toMatchObject({ name: 'main', encoding: 'protobuf', isGzip: false })
  expect(VARIANTS.at(-1)).toMatchObject({ name: 'naive', spansPerRequest: 1_000 })
  expect(new Set(shapes).size).toBe(8)
  expect(shapes).toHaveLength(9)
})
