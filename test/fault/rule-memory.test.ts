import { randomBytes } from 'node:crypto'
import { expect, onTestFinished, test } from 'vitest'
import type { RuleDetail } from '../../src/model/rule-detail.ts'
import { encode, traces } from '../decode/otlp-builder.ts'
import { newFolder, type Served, serve } from '../scenario/served.ts'

const RULE = 'primary-failing'

async function start(dataDir: string): Promise<Served> {
  const served = await serve({ dataDir })
  onTestFinished(async () => {
    if (served.child.exitCode === null && served.child.signalCode === null) await served.end()
  })
  return served
}

async function send(served: Served, count: number, outcome: 'ok' | 'failed'): Promise<void> {
  const spans = Array.from({ length: count }, (_, index) => ({
    traceId: randomBytes(16).toString('hex'),
    name: 'render',
    kind: 'client' as const,
    startMs: Date.now() - 500 - index,
    attributes: { 'signalbox.route': 'preview', 'signalbox.target': 'cloud-eu' },
    ...(outcome === 'failed' && { error: 'inference_failed' }),
  }))
  const resource = { 'service.instance.id': 'router-1', 'signalbox.component': 'router' }
  const answer = await fetch(`${served.addresses.otlp_http}/v1/traces`, {
    method: 'POST',
    headers: { 'content-type': 'application/x-protobuf' },
    body: encode('traces', traces(resource, spans), 'protobuf'),
  })
  expect(answer.status).toBe(200)
}

async function groupOf(served: Served) {
  const detail = (await (await served.get(`/api/v1/rules/${RULE}`)).json()) as RuleDetail
  return detail.groups.find(({ by }) => by.target === 'cloud-eu')
}

async function savesOf(served: Served): Promise<number> {
  const text = await (await served.get('/metrics')).text()
  return Number(/^signalbox_detect_saves_total (\d+)/m.exec(text)?.[1] ?? 0)
}

test('kill -9 while a rule fires: the next process goes on with it, without a clear in between', async () => {
  const dataDir = newFolder()
  const first = await start(dataDir)
  await send(first, 100, 'failed')
  await expect.poll(() => groupOf(first)).toMatchObject({ state: 'firing', value: 1 })
  const before = await groupOf(first)
  const saves = await savesOf(first)
  // Two, since the first that ends may have begun before.
  await expect.poll(() => savesOf(first), { timeout: 10_000 }).toBeGreaterThanOrEqual(saves + 2)
  await first.end('SIGKILL')

  const second = await start(dataDir)
  const after = await groupOf(second)
  expect(after).toMatchObject({ state: 'firing', effect: 'firing', value: 1, since: before?.since })
  expect(after?.changes.slice(0, before?.changes.length)).toEqual(before?.changes)
  await send(second, 20, 'failed')
  expect(await groupOf(second)).toMatchObject({ state: 'firing', count: 120 })
  const told = async () =>
    (
      await second.sql<{ State: string }>(
        `SELECT DISTINCT State FROM signalbox_rule_evaluations WHERE Rule = '${RULE}' AND Effect = 'ok'`,
      )
    ).map(({ State }) => State)
  // Whatever was told before it fired; never that it is over.
  expect(await told()).not.toContain('ok')
})
