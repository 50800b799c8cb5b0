import { expect, test } from 'vitest'
import { loadYaml } from '../../src/config/load-yaml.ts'
import { RuleTestFile } from '../../src/config/rule-tests.ts'
import { createTimings } from '../../src/config/timings.ts'
import { runRuleTests } from '../../src/detect/run-rule-tests.ts'
import { createDetectEvents } from '../../src/telemetry/detect-events.ts'
import { createSilentTelemetry } from '../../src/telemetry/telemetry.ts'
import { rulesOf, topology } from './play.ts'

const RULES = `
  - { id: new-error, kind: novelty, on: logs, where: { severity: error }, by: [service], window: 60s, trip: { at_least: 5 } }
`
// Ten thousand lines are learnt in 100 s; each service learns its own.
const TESTS = `schema: signalbox.rule-tests/v1
tests:
  - name: five lines of a new error, after ten thousand known ones
    rule: new-error
    input:
      - { at: 0s, every: 10ms, until: 190s, log: { service: painter, severity: error, body: 'upload 7 failed' } }
      - { at: 110s, every: 1s, until: 115s, log: { service: painter, severity: error, body: 'NVRM: Xid (PCI:0000:3b:00): 79, pid=7' } }
      - { at: 110s, every: 1s, until: 120s, log: { service: router, severity: error, body: 'config 3 refused' } }
    expect:
      - { at: 90s, state: insufficient, by: { service: painter } }
      - { at: 109s, state: ok, by: { service: painter } }
      - { at: 113s, state: ok, by: { service: painter } }
      - { at: 114s, state: firing, by: { service: painter } }
      - { at: 119s, state: insufficient, by: { service: router } }
      - { at: 180s, state: ok, by: { service: painter } }
`

test('novelty is tested as data like every kind', () => {
  const file = loadYaml({ file: 'tests.yaml', text: TESTS, schema: RuleTestFile })
  if (file.status !== 'ok') throw new Error(JSON.stringify(file.errors))
  const results = runRuleTests({
    rules: rulesOf(RULES),
    tests: file.value.map((one) => ({
      ...one,
      file: 'tests.yaml',
      line: 0,
      expect: one.expect.map((expected) => ({ ...expected, line: 0 })),
    })),
    topology,
    timings: createTimings(),
    events: createDetectEvents(createSilentTelemetry()),
  })
  expect(results.filter(({ isMet }) => !isMet)).toEqual([])
  expect(results).toHaveLength(6)
})
