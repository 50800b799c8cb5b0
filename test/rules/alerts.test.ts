import { expect, test } from 'vitest'
import { Failover } from '../../src/config/failover.ts'
import { loadYamlOrThrow } from '../../src/config/load-yaml.ts'
import { loadRuleTests } from '../../src/config/rule-tests.ts'
import { loadRules, unknownRules } from '../../src/config/rules.ts'
import { createTimings } from '../../src/config/timings.ts'
import { createTopology } from '../../src/config/topology.ts'
import { runRuleTests } from '../../src/detect/run-rule-tests.ts'
import { formatDurationMs } from '../../src/lib/duration.ts'
import { createDetectEvents } from '../../src/telemetry/detect-events.ts'
import { createSilentTelemetry } from '../../src/telemetry/telemetry.ts'

const { rules, errors } = loadRules({ dir: 'alerts' })
const loaded = loadRuleTests({ dir: 'alerts', rules })
const failover = loadYamlOrThrow({ file: 'alerts/failover.yaml', schema: Failover })

test('the shipped rules and their tests are valid', () => {
  expect([...errors, ...loaded.errors]).toEqual([])
  expect(loaded.tests.length).toBeGreaterThan(0)
})

test('failover.yaml names only rules that exist', () => {
  const names = failover.routes.flatMap((route) => [...route.on, ...route.with])
  expect(unknownRules(rules, names)).toEqual([])
})

test('every rule has a title, a runbook and a test that sees it fire', () => {
  const bare = rules.filter((rule) => rule.title === rule.id || rule.runbook === undefined)
  expect(bare.map((rule) => rule.id)).toEqual([])
  const fires = new Set(
    loaded.tests
      .filter((one) => one.expect.some(({ state }) => state === 'firing'))
      .map((one) => one.rule),
  )
  expect(rules.filter((rule) => !fires.has(rule.id)).map((rule) => rule.id)).toEqual([])
})

test.for(loaded.tests)('$rule: $name', (one) => {
  const results = runRuleTests({
    rules,
    tests: [one],
    topology: createTopology(failover),
    timings: createTimings(),
    events: createDetectEvents(createSilentTelemetry()),
  })
  const missed = results.filter((result) => !result.isMet)
  expect(
    missed.map(
      ({ file, line, atMs, expected, got }) =>
        `${file}:${line}: at ${formatDurationMs(atMs)} expected ${expected}, got ${got}`,
    ),
  ).toEqual([])
})
