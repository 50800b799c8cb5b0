import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { Failover } from '../../src/config/failover.ts'
import { loadYamlOrThrow } from '../../src/config/load-yaml.ts'
import { loadOnCall } from '../../src/config/oncall.ts'
import { MOVING_RULE, readRatioRule, writeDemoAlerts } from '../../src/fleet/demo-alerts.ts'

const router = {
  name: 'router-1',
  url: 'http://127.0.0.1:1',
  webhookUrl: 'http://127.0.0.1:1/hook',
  secret: 'whsec_AAAA',
}

test('the demo runs the shipped policy with what it must change, and nothing else', () => {
  const dir = mkdtempSync(join(tmpdir(), 'signalbox-demo-'))
  try {
    const pagerUrl = 'http://127.0.0.1:2/page'
    const alerts = writeDemoAlerts({ from: 'alerts', dir, routers: [router], pagerUrl })
    const load = (folder: string) =>
      loadYamlOrThrow({ file: `${folder}/failover.yaml`, schema: Failover }).routes[0]
    const { mode, on, keep_on_primary, rescue, ...rest } = load(dir) ?? {}
    expect({ mode, on, keep_on_primary }).toEqual({
      mode: 'auto',
      on: [MOVING_RULE],
      keep_on_primary: { share: 0.05, max_rps: 20 },
    })
    expect(rescue?.max_rps).toBeLessThan(10)
    expect(load('alerts')).toMatchObject(rest)
    expect(alerts.env).toEqual({ DEMO_ROUTER_1_SECRET: 'whsec_AAAA' })
    const onCall = loadOnCall({ file: `${dir}/oncall.yaml`, env: {} })
    expect(onCall.status).toBe('ok')
    expect(readRatioRule(`${dir}/rules/failover.yaml`, MOVING_RULE)).toEqual({
      windowMs: 90_000,
      above: 0.4,
      countMin: 50,
    })
  } finally {
    rmSync(dir, { recursive: true })
  }
})
