import { join } from 'node:path'
import { z } from 'zod'
import type { ErrorPlace } from '../lib/errors.ts'
import { Duration, KebabId } from './fields.ts'
import { loadYaml } from './load-yaml.ts'
import { type Rule, unknownRules } from './rules.ts'
import { yamlFilesIn } from './yaml-files.ts'

const Scalar = z.union([z.string(), z.number(), z.boolean()])
/** Meanings, built-ins and attributes of an item, as matchers name them. */
const Fields = z.record(z.string().min(1), Scalar)

const UNITS = ['attempt', 'request', 'span', 'log', 'metric', 'status'] as const
const Item = Object.fromEntries(UNITS.map((unit) => [unit, Fields.optional()])) as Record<
  (typeof UNITS)[number],
  z.ZodOptional<typeof Fields>
>

const Input = z
  .strictObject({
    /** End time of the item, or of the first. */
    at: Duration,
    every: Duration.refine((ms) => ms > 0, 'must be longer than nothing').optional(),
    until: Duration.optional(),
    ...Item,
  })
  .refine((input) => UNITS.filter((unit) => input[unit] !== undefined).length === 1, {
    message: `must carry one of ${UNITS.join(', ')}`,
  })
  .refine(({ every, until }) => (every === undefined) === (until === undefined), {
    message: 'every and until go together; at alone means one item',
  })
  .transform(({ at, every, until, ...items }) => {
    const unit = UNITS.find((one) => items[one] !== undefined) ?? 'span'
    const fields = items[unit] ?? {}
    return { atMs: at, everyMs: every, untilMs: until ?? at, unit, fields }
  })

const Expectation = z
  .strictObject({
    at: Duration,
    state: z.enum(['ok', 'pending', 'firing', 'insufficient', 'unknown']),
    by: z.record(z.string(), Scalar).optional(),
  })
  .transform(({ at, state, by }) => ({ atMs: at, state, by }))

const Test = z
  .strictObject({
    name: z.string().min(1),
    rule: KebabId,
    lateness: Duration.default(0),
    input: z.array(Input).min(1),
    expect: z.array(Expectation).min(1),
  })
  .transform(({ lateness, ...test }) => ({ ...test, latenessMs: lateness }))

/** `alerts/tests/*.yaml`. */
export const RuleTestFile = z
  .strictObject({
    schema: z.literal('signalbox.rule-tests/v1'),
    tests: z.array(Test).default([]),
  })
  .transform(({ tests }) => tests)

export type RuleTestInput = z.output<typeof Input>
type Parsed = z.output<typeof Test>

/** A test with where each of its expectations stands. */
export interface RuleTest extends Omit<Parsed, 'expect'> {
  readonly file: string
  readonly line: number
  readonly expect: readonly (z.output<typeof Expectation> & { readonly line: number })[]
}

export interface LoadRuleTestsOptions {
  /** The alerts folder; its `tests/` may be absent. */
  readonly dir: string
  readonly rules: readonly Rule[]
}

/** Reads every rule-test file; a test of a rule that does not exist is an error. */
export function loadRuleTests({ dir, rules }: LoadRuleTestsOptions): {
  readonly tests: readonly RuleTest[]
  readonly errors: readonly ErrorPlace[]
} {
  const errors: ErrorPlace[] = []
  const tests: RuleTest[] = []
  for (const file of yamlFilesIn(join(dir, 'tests'))) {
    const result = loadYaml({ file, schema: RuleTestFile })
    if (result.status === 'invalid') {
      errors.push(...result.errors)
      continue
    }
    const lineOf = (path: PropertyKey[]) => result.places(['tests', ...path], '').line ?? 1
    result.value.forEach((test, index) => {
      if (unknownRules(rules, [test.rule]).length > 0)
        errors.push(result.places(['tests', index, 'rule'], `there is no rule ${test.rule}`))
      const expect = test.expect.map((one, step) => ({
        ...one,
        line: lineOf([index, 'expect', step]),
      }))
      tests.push({ ...test, file, line: lineOf([index]), expect })
    })
  }
  return { tests, errors }
}
