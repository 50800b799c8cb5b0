import { afterEach, expect, test } from 'vitest'
import { encode, newSpanId, newTraceId, traces } from '../decode/otlp-builder.ts'
import { newFolder, type Served, serve } from '../scenario/served.ts'

// Senders that got no answer send again, to whoever is there by then.

const running: Served[] = []
afterEach(async () => {
  for (const served of running.splice(0)) if (served.child.exitCode === null) await served.end()
})

const bodies = Array.from({ length: 40 }, () => {
  const spans = Array.from({ length: 5 }, () => ({
    ...{ traceId: newTraceId(), spanId: newSpanId(), kind: 'client' as const },
    startMs: Date.now() - 500,
    attributes: { 'signalbox.route': 'preview', 'signalbox.target': 'cloud-eu' },
  }))
  return encode('traces', traces({ 'signalbox.component': 'router' }, spans), 'protobuf')
})

async function send(served: Served, body: Uint8Array): Promise<number> {
  const answer = await fetch(`${served.addresses.otlp_http}/v1/traces`, {
    ...{ method: 'POST', headers: { 'content-type': 'application/x-protobuf' }, body },
  })
  return answer.status
}

test('after every kill everything is sent again, and everything is there exactly once', async () => {
  const dataDir = newFolder()
  // Before the first load, around it, and after: keys come from segments, and from the files after.
  for (const waitMs of [0, 950, 1_100, 1_500, 3_000]) {
    const served = await serve({ dataDir })
    running.push(served)
    const answers = await Promise.all(bodies.map((body) => send(served, body)))
    expect(new Set(answers)).toEqual(new Set([200]))
    await new Promise((resolve) => setTimeout(resolve, waitMs))
    await served.end('SIGKILL')
  }
  const served = await serve({ dataDir })
  running.push(served)
  for (const body of bodies) expect(await send(served, body)).toBe(200)
  const count = async () =>
    (await served.sql('SELECT count() AS n, uniqExact(SpanId) AS spans FROM otel_traces'))[0]
  await expect.poll(count, { timeout: 20_000 }).toEqual({ n: 200, spans: 200 })
  const metrics = await (await served.get('/metrics')).text()
  expect(metrics).toContain('signalbox_receive_repeated_total{signal="traces"} 40')
})
