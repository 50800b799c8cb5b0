import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadSettings, mapRulesOf } from '../../src/config/settings.ts'
import { AppError } from '../../src/lib/errors.ts'

const folder = mkdtempSync(join(tmpdir(), 'signalbox-map-'))
const load = (text: string) => {
  const file = join(folder, 'signalbox.yaml')
  writeFileSync(file, text)
  return loadSettings({ SIGNALBOX_CONFIG: file })
}
const rule = (text: string) => `telemetry:\n  map:\n    - { ${text} }\n`
const ATTEMPT = 'on: logs, unit: attempt, route: preview, target: { from: upstream }'

test('every profile is a set of rules, of one signal unless others are asked for', () => {
  const names = ['envoy', 'nginx', 'haproxy', 'litellm', 'otel-http']
  for (const name of names) {
    const rules = mapRulesOf(load(`telemetry: { profiles: [${name}] }`))
    expect(rules.length).toBeGreaterThan(1)
    expect(new Set(rules.map(({ on }) => on)).size).toBe(1)
    expect(new Set(rules.map(({ unit }) => unit))).toEqual(new Set(['attempt', 'request']))
  }
  const both = mapRulesOf(load('telemetry: { profiles: [{ use: litellm, on: [spans, metrics] }] }'))
  expect(new Set(both.map(({ on }) => on))).toEqual(new Set(['spans', 'metrics']))
})

test('profiles and rules come from variables too, and rules stand first', () => {
  const settings = loadSettings({
    SIGNALBOX_TELEMETRY_PROFILES: '[otel-http]',
    SIGNALBOX_TELEMETRY_MAP: `[{ ${ATTEMPT} }]`,
  })
  const [first] = mapRulesOf(settings)
  expect(first).toMatchObject({ on: 'logs', unit: 'attempt', route: 'preview', time: 'end' })
})

test.for([
  ['telemetry: { profiles: [envoi] }', 'telemetry.profiles[0].use', /expected one of "envoy"/],
  ['telemetry: { profiles: [{ use: nginx, targts: {} }] }', 'telemetry.profiles[0].targts', /./],
  [
    'telemetry: { profiles: [{ use: nginx, on: [metrics] }] }',
    'telemetry.profiles[0].on[0]',
    /nginx has rules on logs, spans/,
  ],
  [rule('on: logs, unit: attempt, route: preview'), 'telemetry.map[0].target', /needs one/],
  [rule('on: logs, unit: request'), 'telemetry.map[0].route', /needed/],
  [rule(`${ATTEMPT}, colour: red`), 'telemetry.map[0].colour', /./],
  [rule(`${ATTEMPT}, parse: "(a+)+$"`), 'telemetry.map[0].parse', /for ever/],
  [rule(`${ATTEMPT}, status_code: { form: x }`), 'telemetry.map[0].status_code', /form/],
  [
    rule(`${ATTEMPT}, status_code: { from: x, match: "(" }`),
    'telemetry.map[0].status_code.match',
    /valid/,
  ],
  [rule(`${ATTEMPT}, duration: { from: x }`), 'telemetry.map[0].duration.unit', /./],
  [rule(`${ATTEMPT}, where: { a: { mtch: x } }`), 'telemetry.map[0].where.a.mtch', /./],
  [rule('on: metrics, unit: request, route: a'), 'telemetry.map[0].where', /name the counter/],
  [rule('on: spans, unit: attempt, target: a, parse: x'), 'telemetry.map[0].parse', /only logs/],
  [rule('on: spans, unit: attempt, target: 5'), 'telemetry.map[0].target', /expected a word/],
] as const)('what would not work is refused: %s', ([text, key, says]) => {
  const { places } = catchFault(() => load(text))
  const matching = places.filter((one) => one.key === key && says.test(one.message))
  expect(matching).toHaveLength(1)
  expect(matching[0]?.file).toContain('signalbox.yaml')
  expect(matching[0]?.line).toBeGreaterThan(0)
})

function catchFault(run: () => unknown): AppError {
  try {
    run()
  } catch (fault) {
    if (fault instanceof AppError) return fault
  }
  throw new Error('expected an AppError')
}
