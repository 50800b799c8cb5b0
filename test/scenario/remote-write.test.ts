import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import { encodeWriteRequest, snappy, type WriteInput } from '../decode/remote-write-builder.ts'
import { type Served, serve } from './served.ts'

// Prometheus' own way in, through the compiled server: from its bytes to a rule's verdict and to
// the rows in ClickHouse.

const running: Served[] = []
afterEach(async () => {
  for (const served of running.splice(0)) if (served.child.exitCode === null) await served.end()
})

const newFolder = () => mkdtempSync(join(tmpdir(), 'signalbox-'))

async function push(served: Served, input: WriteInput) {
  const answer = await fetch(`${served.addresses.otlp_http}/api/v1/write`, {
    method: 'POST',
    headers: {
      'content-type': 'application/x-protobuf',
      'content-encoding': 'snappy',
      'x-prometheus-remote-write-version': '0.1.0',
    },
    body: new Uint8Array(snappy(encodeWriteRequest(input))),
  })
  return [answer.status, await answer.text()]
}

const RULES = `
schema: signalbox.rules/v1
rules:
  - id: queue-long
    title: "{{value}} requests wait"
    kind: value
    on: metrics
    where: { metric: "vllm:num_requests_waiting" }
    of: value
    agg: last
    by: [service]
    trip: { above: 100, for: 0s }
    window: 60s
    severity: warning
`

test('what Prometheus writes is judged by rules, and stored under its own names', async () => {
  const alertsDir = newFolder()
  mkdirSync(join(alertsDir, 'rules'))
  writeFileSync(join(alertsDir, 'rules/queue.yaml'), RULES)
  const served = await serve({ alertsDir })
  running.push(served)
  const series = (name: string, value: number) => ({
    labels: { __name__: name, job: 'vllm', instance: 'gpu-1:8000', api_key: 'sk-123' },
    samples: [{ value, timestamp: Date.now() }],
  })
  const waiting = series('vllm:num_requests_waiting', 250)
  const served1 = series('vllm:request_success_total', 12)
  expect(await push(served, { series: [waiting, served1] })).toEqual([204, ''])
  const rule = (await (await served.get('/api/v1/rules/queue-long')).json()) as {
    groups: { by: object; state: string; value: number }[]
  }
  expect(rule.groups).toMatchObject([{ by: { service: 'vllm' }, state: 'firing', value: 250 }])

  const tooOld = { ...waiting, samples: [{ value: 1, timestamp: 1_000 }] }
  const floats = {
    labels: { __name__: 'latency', job: 'vllm' },
    histograms: [{ countFloat: 1.5, sum: 1, timestamp: Date.now() }],
  }
  const [status, text] = await push(served, { series: [tooOld, floats, series('up', 1)] })
  expect(status).toBe(400)
  expect(text).toMatch(/^2 samples refused, all others taken: /)

  const rejected = 'signalbox_receive_items_rejected_total{signal="metrics"} 2'
  expect(await (await served.get('/metrics')).text()).toContain(rejected)

  const rows = () =>
    served.sql<object>(`
    SELECT MetricName AS name, Value AS value, ServiceName AS service, Attributes AS attributes
    FROM (SELECT * FROM otel_metrics_gauge UNION ALL
      SELECT * EXCEPT (AggregationTemporality, IsMonotonic) FROM otel_metrics_sum) ORDER BY name`)
  const rest = { service: 'vllm', attributes: {} }
  await expect.poll(rows, { timeout: 15_000 }).toEqual([
    { name: 'up', value: 1, ...rest },
    { name: 'vllm:num_requests_waiting', value: 250, ...rest },
    { name: 'vllm:request_success_total', value: 12, ...rest },
  ])
})
