import { loadYaml } from '../../src/config/load-yaml.ts'
import type { RuleTestInput } from '../../src/config/rule-tests.ts'
import { type Rule, RuleFile } from '../../src/config/rules.ts'
import { createTimings } from '../../src/config/timings.ts'
import { createTopology } from '../../src/config/topology.ts'
import { createDetector, type DetectorOptions } from '../../src/detect/detector.ts'
import { toObservations } from '../../src/detect/test-items.ts'
import { createTurnedClock } from '../../src/lib/turned-clock.ts'
import type { Observation } from '../../src/model/observation.ts'
import type { RuleState, Verdict } from '../../src/model/verdict.ts'
import { createDetectEvents } from '../../src/telemetry/detect-events.ts'
import { createSilentTelemetry } from '../../src/telemetry/telemetry.ts'

export function rulesOf(text: string): readonly Rule[] {
  const yaml = `schema: signalbox.rules/v1\nrules:\n${text}`
  const result = loadYaml({ file: 'rules.yaml', text: yaml, schema: RuleFile })
  if (result.status === 'ok') return result.value
  throw new Error(JSON.stringify(result.errors))
}

const route = (name: string, primary: string, fallback: string) =>
  ({ route: name, primary, fallbacks: [{ target: fallback }] }) as never
export const topology = createTopology({
  routes: [route('preview', 'cloud', 'edge'), route('export', 'big', 'edge')],
})

type Fields = RuleTestInput['fields']

/** A detector on the bench: items go in by hand, seconds are turned, verdicts are kept. */
export function createPlay(text: string, options: Partial<DetectorOptions> = {}) {
  const clock = createTurnedClock()
  const startUnixMs = clock.nowMs()
  const verdicts: Verdict[] = []
  const telemetry = createSilentTelemetry()
  const detector = createDetector({
    rules: rulesOf(text),
    topology: () => topology,
    clock,
    timings: createTimings(),
    latenessMs: 0,
    publish: (verdict) => verdicts.push(verdict),
    pairOf: () => undefined,
    events: createDetectEvents(telemetry),
    ...options,
  })
  let number = 0
  const items = (unit: RuleTestInput['unit'], fields: Fields, atS?: number): Observation[] => {
    const atUnixMs = atS === undefined ? clock.nowMs() : startUnixMs + atS * 1_000
    return toObservations({ unit, fields, atUnixMs, number: number++, topology })
  }
  const send = (unit: RuleTestInput['unit'], fields: Fields, atS?: number) =>
    detector.observe(items(unit, fields, atS))
  const attempt = { route: 'preview', target: 'cloud' }
  return {
    clock,
    detector,
    verdicts,
    telemetry,
    items,
    send,
    ok: (fields: Fields = {}, atS?: number) => send('attempt', { ...attempt, ...fields }, atS),
    failed: (fields: Fields = {}, atS?: number) =>
      send('attempt', { ...attempt, outcome: 'failed', ...fields }, atS),
    /** Seconds since the start. */
    nowS: () => (clock.nowMs() - startUnixMs) / 1_000,
    /** Does `each` and turns by `everyMs`, until `untilS`; judged every 250 ms as by the tick. */
    run(untilS: number, each: () => void = () => {}, everyMs = 100) {
      let judgedMs = clock.nowMs()
      while (clock.nowMs() < startUnixMs + untilS * 1_000 - 1e-6) {
        each()
        clock.turn(Math.min(everyMs, startUnixMs + untilS * 1_000 - clock.nowMs()))
        if (clock.nowMs() - judgedMs < 250) continue
        detector.judge()
        judgedMs = clock.nowMs()
      }
    },
    state(rule = 'rule'): RuleState | undefined {
      detector.judge()
      return detector.rule(rule)?.groups[0]?.state
    },
    group(rule = 'rule') {
      detector.judge()
      return detector.rule(rule)?.groups[0]
    },
    /** When the rule first entered a state after `fromS`, in seconds of event time. */
    enteredS(state: RuleState, fromS = 0) {
      const found = verdicts.find(
        (one) => one.state === state && one.atUnixMs >= startUnixMs + fromS * 1_000,
      )
      return found && (found.atUnixMs - startUnixMs) / 1_000
    },
  }
}
