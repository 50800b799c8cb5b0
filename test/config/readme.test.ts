import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { check } from '../../src/app.ts'
import { loadSettings, mapRulesOf } from '../../src/config/settings.ts'

// What people copy first must work as it stands.

const readme = readFileSync(new URL('../../README.md', import.meta.url), 'utf8')
const blocks = [...readme.matchAll(/^```yaml\n(.*?)^```$/gms)].map(([, text]) => text ?? '')
const blockWith = (text: string) => {
  const found = blocks.find((block) => block.includes(text))
  if (found === undefined) throw new Error(`README.md has no block with ${text}`)
  return found
}
const folder = () => mkdtempSync(join(tmpdir(), 'signalbox-readme-'))

test('the alert files of the README fit together, and its rule test passes', () => {
  const dir = folder()
  for (const name of ['rules', 'tests']) mkdirSync(join(dir, name))
  const failover = blockWith('signalbox.failover/v1')
  // Its own rule stands in for the shipped ones.
  const routes = failover.replace(/on: \[.*\]/, 'on: [export-failing]')
  writeFileSync(join(dir, 'failover.yaml'), routes)
  writeFileSync(join(dir, 'oncall.yaml'), blockWith('signalbox.oncall/v1'))
  writeFileSync(join(dir, 'rules/export.yaml'), blockWith('signalbox.rules/v1'))
  writeFileSync(join(dir, 'tests/export.yaml'), blockWith('signalbox.rule-tests/v1'))
  const result = check({ dir, env: {} })
  expect(result.errors).toEqual([])
  expect(result.summary).toContain('1 rule test with 2 expectations')
})

test('the settings of the README are the defaults', () => {
  const file = join(folder(), 'signalbox.yaml')
  writeFileSync(file, blockWith('otlp_http_port: 4318'))
  expect(loadSettings({ SIGNALBOX_CONFIG: file })).toEqual(loadSettings({}))
})

test('the profiles and rules of the README are taken', () => {
  const file = join(folder(), 'signalbox.yaml')
  writeFileSync(file, blockWith('profiles:\n    - use: nginx'))
  const units = mapRulesOf(loadSettings({ SIGNALBOX_CONFIG: file })).map(({ unit }) => unit)
  expect(new Set(units)).toEqual(new Set(['attempt', 'request']))
})
