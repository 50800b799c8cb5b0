import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { loadAlerts } from '../../src/config/alerts.ts'

test('what the files ask for and nothing does yet is said', () => {
  const dir = mkdtempSync(join(tmpdir(), 'signalbox-alerts-'))
  writeFileSync(join(dir, 'routing.yaml'), 'schema: signalbox.routing/v1\n')
  writeFileSync(
    join(dir, 'failover.yaml'),
    `schema: signalbox.failover/v1
routes:
  - route: preview
    primary: cloud
    fallbacks: [{ target: edge, tolerate: { quality_flagged: 0.05 } }]
`,
  )
  const result = loadAlerts({ dir, env: {} })
  expect(result.status === 'ok' && result.alerts.warnings).toEqual([
    expect.stringContaining('routing.yaml is not read yet'),
    expect.stringContaining('tolerate.quality_flagged is not judged yet'),
  ])
})

test('a file that nothing reads is named: a misspelt one, or a rule beside rules/', () => {
  const dir = mkdtempSync(join(tmpdir(), 'signalbox-alerts-'))
  for (const name of ['subscriber.yaml', 'failover.yml', 'failover.yaml.bak']) {
    writeFileSync(join(dir, name), '')
  }
  const result = loadAlerts({ dir, env: {} })
  expect(result.status === 'ok' && result.alerts.warnings).toEqual([
    expect.stringContaining('failover.yml is not read'),
    expect.stringContaining('subscriber.yaml is not read'),
  ])
})
