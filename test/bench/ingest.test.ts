import { expect, test } from 'vitest'
import { VARIANTS } from '../../src/bench/ingest.ts'

test('the variants are every sender, size, encoding and compression once, and the naive pipeline', () => {
  const shapes = VARIANTS.map(
    ({ spansPerRequest, encoding, isGzip, sender }) =>
      `${spansPerRequest} ${encoding} ${isGzip} ${sender}`,
  )
  expect(VARIANTS.at(0)).toMatchObject({ name: 'main', encoding: 'protobuf', isGzip: false })
  expect(VARIANTS.at(-1)).toMatchObject({ name: 'naive', spansPerRequest: 1_000 })
  expect(new Set(shapes).size).toBe(10)
  expect(shapes).toHaveLength(11)
})
