import { mkdtempSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Rule } from '../../src/config/rules.ts'
import { createTimings } from '../../src/config/timings.ts'
import { createDetector, type Detector } from '../../src/detect/detector.ts'
import { toObservations } from '../../src/detect/test-items.ts'
import { createTurnedClock } from '../../src/lib/turned-clock.ts'
import type { Observation } from '../../src/model/observation.ts'
import type { Verdict } from '../../src/model/verdict.ts'
import { createRuleMemory } from '../../src/store/rule-memory.ts'
import { createDetectEvents } from '../../src/telemetry/detect-events.ts'
import { createSilentTelemetry } from '../../src/telemetry/telemetry.ts'
import { topology } from './play.ts'

/** One life of the process after the other, on one clock and one data directory. */
export function createLives(rules: readonly Rule[]) {
  const clock = createTurnedClock()
  const startUnixMs = clock.nowMs()
  const dataDir = mkdtempSync(join(tmpdir(), 'signalbox-rules-'))
  const verdicts: Verdict[] = []
  let number = 0
  let kill = () => {}
  const waiting: (() => void)[] = []
  const start = async (over = rules): Promise<Detector> => {
    const memory = createRuleMemory({ dataDir })
    let isAlive = true
    kill = () => {
      isAlive = false
    }
    const detector = createDetector({
      rules: over,
      topology: () => topology,
      clock,
      timings: createTimings(),
      latenessMs: 0,
      publish: (verdict) => isAlive && verdicts.push(verdict),
      pairOf: () => undefined,
      events: createDetectEvents(createSilentTelemetry()),
      memory: {
        ...memory,
        save: async (chunks) => {
          if (isAlive) await memory.save(chunks)
          for (const tell of waiting.splice(0)) tell()
        },
      },
    })
    await detector.start()
    return detector
  }
  const attempt = (outcome: string, fields = {}): Observation[] =>
    toObservations({
      unit: 'attempt',
      fields: { route: 'preview', target: 'cloud', outcome, ...fields },
      atUnixMs: clock.nowMs(),
      number: number++,
      topology,
    })
  return {
    clock,
    verdicts,
    start,
    attempt,
    /** As by kill -9: from now on nothing that it does is seen. */
    kill: () => kill(),
    file: join(dataDir, 'rules.state'),
    nowS: () => (clock.nowMs() - startUnixMs) / 1_000,
    /** Ten attempts a second, and then the state of at most a second ago is on disk. */
    async send(detector: Detector, seconds: number, outcome: string) {
      for (let index = 0; index < seconds * 10; index++) {
        detector.observe(attempt(outcome))
        clock.turn(100)
      }
      // The first that ends may have begun before.
      for (let save = 0; save < 2; save++) {
        const isSaved = new Promise<void>((resolve) => waiting.push(resolve))
        clock.turn(1_000)
        await isSaved
        await new Promise((resolve) => setImmediate(resolve))
      }
    },
  }
}
