import type { RuleTest } from '../config/rule-tests.ts'
import { lookedAt, type Rule } from '../config/rules.ts'
import type { Timings } from '../config/timings.ts'
import type { Topology } from '../config/topology.ts'
import { createTurnedClock, type TurnedClock } from '../lib/turned-clock.ts'
import type { Observation } from '../model/observation.ts'
import type { RuleState, RuleView } from '../model/verdict.ts'
import type { DetectEvents } from '../telemetry/detect-events.ts'
import { createDetector, type Detector } from './detector.ts'
import { createTestItems } from './test-items.ts'

export interface RuleTestResult {
  readonly file: string
  readonly line: number
  readonly name: string
  readonly rule: string
  /** Time of the expectation within the test. */
  readonly atMs: number
  readonly expected: RuleState
  /** `no such group` when `by` names none. */
  readonly got: string
  readonly isMet: boolean
}

export interface RunRuleTestsOptions {
  readonly rules: readonly Rule[]
  readonly tests: readonly RuleTest[]
  readonly topology: Topology
  readonly timings: Timings
  readonly events: DetectEvents
}

/**
 * Plays each test through the real detector under a hand-turned clock, and compares. An expectation
 * is judged after the items of its instant.
 */
export function runRuleTests(options: RunRuleTestsOptions): RuleTestResult[] {
  return options.tests.flatMap((test) => runTest(test, options))
}

const TICK_MS = 250
/** A test of days is judged less often between its items. */
const TICKS_MAX = 10_000
/** Nor does a rule over many minutes change its mind four times a second: two looks in each 90th of a window. */
const TICKS_PER_WINDOW = 180

function runTest(test: RuleTest, options: RunRuleTestsOptions): RuleTestResult[] {
  const { topology, timings, events } = options
  const clock = createTurnedClock()
  const rules = withDependencies(test.rule, options.rules)
  const detector = createDetector({
    rules,
    topology: () => topology,
    clock,
    timings,
    latenessMs: test.latenessMs,
    publish: () => {},
    pairOf: () => undefined,
    events,
  })
  const startUnixMs = clock.nowMs()
  const endMs = Math.max(...test.expect.map((one) => one.atMs))
  const items = itemsOf(test, topology)
  let next = items.next()
  const windowMs = rules.at(-1)?.windowMs ?? 0
  // Whole ones: a turned clock need not get to the end of a fraction.
  const tickMs = Math.ceil(Math.max(TICK_MS, endMs / TICKS_MAX, windowMs / TICKS_PER_WINDOW))
  const playTo = (untilMs: number) => {
    for (; !next.done && next.value.atMs <= untilMs; next = items.next()) {
      const atUnixMs = startUnixMs + next.value.atMs
      turnTo({ clock, detector, toUnixMs: atUnixMs, tickMs })
      detector.observe(next.value.observations(atUnixMs))
    }
    turnTo({ clock, detector, toUnixMs: startUnixMs + untilMs, tickMs })
    detector.judge()
  }
  return [...test.expect]
    .sort((a, b) => a.atMs - b.atMs)
    .map(({ atMs, state, by, line }) => {
      playTo(atMs)
      const got = stateOf(detector.rule(test.rule), { by, rule: rules.at(-1) })
      const place = { file: test.file, line, name: test.name, rule: test.rule, atMs }
      return { ...place, expected: state, got, isMet: got === state }
    })
}

/** The rule under test with those that it looks at. */
function withDependencies(id: string, rules: readonly Rule[]): Rule[] {
  const rule = rules.find((one) => one.id === id)
  if (!rule) return []
  const others = lookedAt(rule).flatMap((other) => withDependencies(other, rules))
  return [...new Set([...others, rule])]
}

interface Turn {
  readonly clock: TurnedClock
  readonly detector: Detector
  readonly toUnixMs: number
  readonly tickMs: number
}

/** Turns the clock as the detector's own tick would see it pass. */
function turnTo({ clock, detector, toUnixMs, tickMs }: Turn): void {
  for (let restMs = toUnixMs - clock.nowMs(); restMs > 0; restMs = toUnixMs - clock.nowMs()) {
    const dueMs = tickMs - (clock.monotonicMs() % tickMs)
    clock.turn(Math.min(restMs, dueMs))
    if (dueMs <= restMs) detector.tick()
  }
}

interface Next {
  readonly atMs: number
  observations(atUnixMs: number): Observation[]
}

/** The items of all inputs in the order of their times, and of one time in the order of inputs. */
function* itemsOf(test: RuleTest, topology: Topology): Generator<Next, undefined> {
  const streams = test.input.map(({ atMs, everyMs = 0, untilMs, unit, fields }) => ({
    ...{ atMs, fromMs: atMs, everyMs, index: 0, make: createTestItems({ unit, fields, topology }) },
    count: everyMs === 0 ? 1 : Math.ceil((untilMs - atMs) / everyMs - 1e-9),
  }))
  for (let number = 0; ; number++) {
    let first: (typeof streams)[number] | undefined
    for (const one of streams)
      if (one.index < one.count && (!first || one.atMs < first.atMs)) first = one
    if (!first) return undefined
    const { atMs, make } = first
    first.index++
    first.atMs = first.fromMs + first.index * first.everyMs
    yield { atMs, observations: (atUnixMs) => make(atUnixMs, number) }
  }
}

const WORST: readonly RuleState[] = ['firing', 'pending', 'unknown', 'insufficient', 'ok']

interface StateQuery {
  readonly by: Readonly<Record<string, unknown>> | undefined
  readonly rule: Rule | undefined
}

function stateOf(view: RuleView | undefined, { by = {}, rule }: StateQuery): string {
  const entries = Object.entries(by)
  if (!rule || entries.some(([key]) => !rule.by.includes(key))) return 'no such group'
  const states = (view?.groups ?? [])
    .filter((group) => entries.every(([key, value]) => group.by[key] === String(value)))
    .map((group) => group.state)
  const worst = WORST.find((state) => states.includes(state))
  // Nothing came for such a group yet: no items are a count of 0, but no ratio and no reading.
  const isCount = ['count', 'distinct', 'silence'].includes(rule.kind)
  return worst ?? (isCount ? 'ok' : 'insufficient')
}
