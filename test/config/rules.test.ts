import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadYaml } from '../../src/config/load-yaml.ts'
import { loadRuleTests } from '../../src/config/rule-tests.ts'
import { compileTitle } from '../../src/config/rule-title.ts'
import { loadRules, RuleFile, unknownRules } from '../../src/config/rules.ts'

const load = (rule: string) =>
  loadYaml({
    file: 'rules.yaml',
    text: `schema: signalbox.rules/v1\nrules:\n  - ${rule}\n`,
    schema: RuleFile,
  })
const ruleOf = (text: string) => {
  const result = load(text)
  if (result.status === 'invalid') throw new Error(JSON.stringify(result.errors))
  return result.value[0]
}
const folder = (files: Record<string, string>) => {
  const dir = mkdtempSync(join(tmpdir(), 'signalbox-rules-'))
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(dir, name, '..'), { recursive: true })
    writeFileSync(join(dir, name), text)
  }
  return dir
}

test('what a rule leaves out has the documented default', () => {
  const rule = ruleOf(
    '{ id: a, kind: ratio, on: attempts, bad: { outcome: failed }, trip: { above: 0.4 } }',
  )
  expect(rule).toEqual({
    id: 'a',
    title: 'a',
    kind: 'ratio',
    on: 'attempts',
    where: {},
    bad: { outcome: 'failed' },
    by: [],
    windowMs: 60_000,
    severity: 'warning',
    labels: {},
    trip: { above: 0.4, countMin: 30, distinctMin: {}, forMs: 0 },
    clear: { below: 0.4, windowMs: 60_000, countMin: 30, forMs: 0 },
  })
})

const RATIO = 'kind: ratio, on: attempts, bad: { outcome: failed }'
test.for([
  {
    rule: '{ id: A_b, kind: ratio, on: attempts, bad: { a: b }, trip: { above: 0.4 } }',
    key: 'id',
  },
  { rule: `{ id: a, ${RATIO} }`, key: 'trip' },
  { rule: `{ id: a, ${RATIO}, trip: { above: 40 } }`, key: 'trip.above' },
  { rule: `{ id: a, ${RATIO}, trip: { above: 0.4, min: 3 } }`, key: 'trip.min' },
  { rule: `{ id: a, ${RATIO}, trip: { above: 0.4 }, clear: { below: 0.5 } }`, key: 'clear.below' },
  { rule: `{ id: a, ${RATIO}, trip: { above: 0.4 }, window: 90 }`, key: 'window' },
  { rule: `{ id: a, ${RATIO}, trip: { above: 0.4 }, window: 0s }`, key: 'window' },
  { rule: `{ id: a, ${RATIO}, trip: { above: 0.4 }, by: [route, route] }`, key: 'by' },
  { rule: `{ id: a, ${RATIO}, trip: { above: 0.4 }, titel: x }`, key: 'titel' },
  { rule: `{ id: a, ${RATIO}, trip: { above: 0.4 }, title: '{{route' }`, key: 'title' },
  { rule: `{ id: a, ${RATIO}, trip: { above: 0.4 }, title: '{{shout route}}' }`, key: 'title' },
  { rule: `{ id: a, ${RATIO}, trip: { above: 0.4 }, severity: fatal }`, key: 'severity' },
  {
    rule: `{ id: a, ${RATIO}, trip: { above: 0.4 }, where: { body: { match: '(' } } }`,
    key: 'where.body.match',
  },
  {
    rule: `{ id: a, ${RATIO}, trip: { above: 0.4 }, where: { duration: { gte: 10 } } }`,
    key: 'where.duration.gte',
  },
  { rule: '{ id: a, kind: ratio, on: attempts, bad: {}, trip: { above: 0.4 } }', key: 'bad' },
  { rule: '{ id: a, kind: count, trip: { at_least: 3 } }', key: 'on' },
  {
    rule: '{ id: a, kind: count, on: logs, trip: { at_least: 3 }, clear: { below: 4 } }',
    key: 'clear.below',
  },
  { rule: '{ id: a, kind: distinct, on: logs, trip: { at_least: 3 } }', key: 'of' },
  {
    rule: '{ id: a, kind: value, on: metrics, of: x, agg: last, trip: { above: 1, below: 0 } }',
    key: 'trip',
  },
  {
    rule: '{ id: a, kind: value, on: spans, of: duration, agg: avg, trip: { above: 10 } }',
    key: 'trip.above',
  },
  {
    rule: '{ id: a, kind: value, on: metrics, of: x, agg: avg, trip: { above: 10s } }',
    key: 'trip.above',
  },
  { rule: '{ id: a, kind: value, on: metrics, of: x, agg: mean, trip: { above: 1 } }', key: 'agg' },
  { rule: '{ id: a, kind: gap, desired: x, actual: y, trip: { for: 2m } }', key: 'trip' },
  { rule: '{ id: a, kind: growth, on: metrics, of: x, trip: {} }', key: 'trip' },
  {
    rule: '{ id: a, kind: growth, on: metrics, of: x, trip: { times: 4 }, over: 1m, baseline: 7d }',
    key: 'baseline',
  },
  { rule: '{ id: a, kind: inflight, trip: { oldest_above: 10 } }', key: 'trip.oldest_above' },
  { rule: '{ id: a, kind: silence, expect: everyone, trip: { for: 30s } }', key: 'expect' },
  { rule: '{ id: a, kind: novelty, on: spans, trip: { at_least: 5 } }', key: 'on' },
  { rule: '{ id: a, kind: novelty, on: logs, trip: { above: 5 } }', key: 'trip.above' },
  {
    rule: '{ id: a, kind: novelty, on: logs, window: 2h, unseen_for: 1h, trip: { at_least: 5 } }',
    key: 'unseen_for',
  },
  { rule: '{ id: a }', key: 'kind' },
])('a fault is named by file, line and key: $key of $rule', ({ rule, key }) => {
  const result = load(rule)
  if (result.status === 'ok') throw new Error('expected a fault')
  expect(result.errors).toContainEqual(
    expect.objectContaining({ file: 'rules.yaml', line: 3, key: `rules[0].${key}` }),
  )
})

test('a window that no memory could hold is a fault, and so is a bomb of aliases', () => {
  const window =
    '{ id: a, kind: ratio, on: attempts, bad: { outcome: failed }, trip: { above: 0.4 }, window: 99999999d }'
  expect(load(window)).toMatchObject({
    status: 'invalid',
    errors: [{ line: 3, key: 'rules[0].window', message: 'must be at most 1d' }],
  })
  const tens = (name: string) => `[${Array(10).fill(`*${name}`).join(', ')}]`
  const bomb = [...'bcdefghi'].map(
    (name, index) => `${name}: &${name} ${tens('abcdefgh'[index] ?? '')}`,
  )
  const text = ['schema: signalbox.rules/v1', 'a: &a [x, x, x]', ...bomb, 'rules: []'].join('\n')
  expect(loadYaml({ file: 'rules.yaml', text, schema: RuleFile })).toMatchObject({
    status: 'invalid',
    errors: [{ file: 'rules.yaml', line: 1, message: expect.stringContaining('alias') }],
  })
})

test('growth that fell five-fold may be written either way', () => {
  const times = (text: string) => {
    const rule = ruleOf(`{ id: a, kind: growth, on: requests, trip: { times_below: ${text} } }`)
    return rule?.kind === 'growth' && { ...rule.trip, overMs: rule.overMs }
  }
  expect(times('0.2')).toEqual({
    isAbove: false,
    times: 0.2,
    countMin: 30,
    forMs: 0,
    overMs: 600_000,
  })
  expect(times('5')).toEqual(times('0.2'))
})

const GAP = 'kind: gap, desired: x, actual: y, trip: { above: 1 }'
test('ids are unique over files, and a rule that another looks at must exist', () => {
  const dir = folder({
    'rules/a.yaml': `schema: signalbox.rules/v1\nrules:\n  - { id: one, ${GAP} }\n`,
    'rules/b.yaml': `schema: signalbox.rules/v1\nrules:\n  - { id: two, ${GAP}, only_if: one }\n  - { id: one, ${GAP}, only_if: none-such }\n`,
    'rules/notes.txt': 'not a rule file',
  })
  const { rules, errors } = loadRules({ dir })
  const file = join(dir, 'rules/b.yaml')
  expect(errors).toEqual([
    {
      file,
      line: 4,
      key: 'rules[1].id',
      message: `rule one already stands in ${join(dir, 'rules/a.yaml')}`,
    },
    { file, line: 4, key: 'rules[1].only_if', message: 'there is no other rule none-such' },
  ])
  expect(unknownRules(rules, ['one', 'three'])).toEqual(['three'])
})

test('speed divides every duration of a rule', () => {
  const text = `{ id: one, ${GAP}, window: 90s, where: { duration: { gte: 10s } } }`
  const dir = folder({ 'rules/a.yaml': `schema: signalbox.rules/v1\nrules:\n  - ${text}\n` })
  expect(loadRules({ dir, speed: 10 }).rules[0]).toMatchObject({
    windowMs: 9_000,
    where: { duration: { gte: 1_000 } },
  })
})

test('no rules and no tests are no fault', () => {
  const dir = folder({})
  expect(loadRules({ dir })).toEqual({ rules: [], errors: [] })
  expect(loadRuleTests({ dir, rules: [] })).toEqual({ tests: [], errors: [] })
})

test.for([
  { input: '{ at: 0s, every: 1s, log: { body: x } }', key: 'tests[0].input[0]' },
  { input: '{ at: 0s }', key: 'tests[0].input[0]' },
  { input: '{ at: 0s, log: { body: x }, span: { name: y } }', key: 'tests[0].input[0]' },
  { input: '{ at: zero, log: { body: x } }', key: 'tests[0].input[0].at' },
])('a fault of a rule test is named: $input', ({ input, key }) => {
  const test = `  - name: n\n    rule: one\n    input:\n      - ${input}\n    expect: [{ at: 1s, state: ok }]\n`
  const dir = folder({ 'tests/a.yaml': `schema: signalbox.rule-tests/v1\ntests:\n${test}` })
  const [error] = loadRuleTests({ dir, rules: [] }).errors
  expect(error).toMatchObject({ file: join(dir, 'tests/a.yaml'), line: 6, key })
})

test('a test of a rule that does not exist is a fault', () => {
  const test = `  - name: n\n    rule: one\n    input: [{ at: 0s, log: { body: x } }]\n    expect: [{ at: 1s, state: ok }]\n`
  const dir = folder({ 'tests/a.yaml': `schema: signalbox.rule-tests/v1\ntests:\n${test}` })
  expect(loadRuleTests({ dir, rules: [] }).errors).toMatchObject([
    { line: 4, key: 'tests[0].rule' },
  ])
})

test('a title says what and how bad, in words', () => {
  const render = compileTitle(
    '{{route}}: {{percent value}} of {{count}} in {{window}}, oldest {{duration age}}',
  )
  const facts = { route: 'pre<view>', value: 0.473, count: 212, window: '90s', age: 30_400 }
  expect(render(facts)).toBe('pre<view>: 47 % of 212 in 90s, oldest 30s')
  expect(render({ value: 0.031, age: null })).toBe(': 3.1 % of  in , oldest –')
})

test.for([
  ['a part that nobody wrote', '{{> summary}}', /summary/],
  ['a question without its answer', '{{#if}}late{{/if}}', /#if/],
] as const)('%s is a fault of the title when it is loaded', ([, title, message]) => {
  // Handlebars would tell with the first verdict.
  expect(() => compileTitle(title)).toThrow(message)
})
