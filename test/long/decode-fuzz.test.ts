import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { expect, test } from 'vitest'
import { fuzz } from '../decode/fuzzing.ts'

// A million damaged requests, each as in test/decode/fuzz.test.ts; seeds are printed by failures.

const COUNT = 1_000_000
const ROUNDS = 20
const GROWTH_BYTES_MAX = 64 << 20
const LAX_RATIO_MAX = 0.002

setFlagsFromString('--expose_gc')
const collect = runInNewContext('gc') as () => void

function usedBytes(): number {
  collect()
  const { heapUsed, arrayBuffers } = process.memoryUsage()
  return heapUsed + arrayBuffers
}

test(`${COUNT} damaged requests are the reference rows or nothing, in flat memory`, {
  timeout: 3_600_000,
}, () => {
  const firstSeed = Date.now() >>> 0
  const count = COUNT / ROUNDS
  let startBytes = 0
  for (let round = 0; round < ROUNDS; round++) {
    const { okCount, badCount, laxCount } = fuzz({ seed: firstSeed + round, count })
    expect(okCount + badCount).toBe(count)
    expect(Math.min(okCount, badCount)).toBeGreaterThan(count / 10)
    expect(laxCount / count, `seed ${firstSeed + round}`).toBeLessThan(LAX_RATIO_MAX)
    // The first round warms up what is kept for good: the engine's code, the known names.
    if (round === 0) startBytes = usedBytes()
  }
  expect(usedBytes() - startBytes).toBeLessThan(GROWTH_BYTES_MAX)
})
