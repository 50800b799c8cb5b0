import { expect, test } from 'vitest'
import { judgedWithinMs, parseJudged } from '../../src/bench/judged.ts'
import { createDetectEvents } from '../../src/telemetry/detect-events.ts'
import { createTelemetry } from '../../src/telemetry/telemetry.ts'

test('how long batches took is read from the metrics that a server shows', async () => {
  const telemetry = createTelemetry({ logLevel: 'silent' })
  const events = createDetectEvents(telemetry)
  const read = async () => parseJudged(await telemetry.registry.metrics())
  for (const seconds of [0.2, 0.2]) events.judged(seconds)
  const before = await read()
  expect(before).toMatchObject({ seconds: 0.4, batchCount: 2 })
  for (let i = 0; i < 99; i++) events.judged(0.0004)
  events.judged(0.004)
  const after = await read()
  expect(judgedWithinMs(before, after, 0.99)).toBe(1)
  expect(judgedWithinMs(before, after, 1)).toBe(5)
  expect(judgedWithinMs(after, after, 0.99)).toBeNaN()
})
