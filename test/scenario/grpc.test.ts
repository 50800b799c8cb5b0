import { createServer } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Signal } from '../../src/model/otlp.ts'
import { encode, logs, metrics, traces, type Values } from '../decode/otlp-builder.ts'
import { EXPORT, send } from '../receive/grpc-fixture.ts'
import { newFolder, run, type Served, serve } from './served.ts'

let served: Served
beforeAll(async () => {
  served = await serve()
})
afterAll(async () => {
  if (served.child.exitCode === null) await served.end()
})

const SIGNALS: readonly Signal[] = ['traces', 'logs', 'metrics']
const atMs = Date.now() - 1_000

/** The same for every sender but its name; `index` makes requests differ. */
function document(signal: Signal, service: string, index: number) {
  const resource: Values = { 'service.name': service, 'service.instance.id': 'router-1' }
  const attributes = { 'signalbox.route': 'preview', 'signalbox.target': 'cloud-eu', n: index }
  if (signal === 'logs') return logs(resource, [{ atMs, body: `line ${index}`, attributes }])
  if (signal === 'metrics') {
    const points = [{ atMs, value: index / 3, attributes }]
    return metrics(resource, [{ name: 'queue.depth', kind: 'gauge', points }])
  }
  const id = (byteCount: number) => Buffer.alloc(byteCount, index + 1).toString('hex')
  const span = {
    traceId: id(16),
    spanId: id(8),
    startMs: atMs,
    kind: 'client',
    attributes,
  } as const
  return traces(resource, [span])
}

test('malformed telemetry is INVALID_ARGUMENT with the reason', async () => {
  const port = Number(served.addresses.otlp_grpc?.split(':')[1])
  for (const signal of SIGNALS)
    expect(
      await send({ port, path: EXPORT[signal], body: Buffer.from([0x0a, 0x7f, 0x01]) }),
    ).toMatchObject({
      code: 'INVALID_ARGUMENT',
      reason: expect.stringContaining('a length of 127 that leads beyond its message, at byte 2'),
    })
})

test('HTTP and gRPC at once store equal rows, and both survive a stop', async () => {
  const { otlp_http, otlp_grpc } = served.addresses
  expect(served.output()).toContain(`gRPC ${otlp_grpc}`)
  const port = Number(otlp_grpc?.split(':')[1])
  const requests = SIGNALS.flatMap((signal) =>
    Array.from({ length: 20 }, (_, n) => ({ signal, n })),
  )
  const answers = requests.flatMap(({ signal, n }) => [
    fetch(`${otlp_http}/v1/${signal}`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-protobuf' },
      body: encode(signal, document(signal, 'by-http', n), 'protobuf'),
    }).then(({ status }) => status),
    send({
      ...{ port, path: EXPORT[signal], isGzip: n % 2 === 0 },
      body: encode(signal, document(signal, 'by-grpc', n), 'protobuf'),
    }).then(({ code }) => code),
  ])
  expect(new Set(await Promise.all(answers))).toEqual(new Set([200, 'OK']))
  await served.end()

  served = await serve({ dataDir: served.dataDir })
  for (const table of ['otel_traces', 'otel_logs', 'otel_metrics_gauge']) {
    const rowsOf = (service: string) =>
      served.sql<Record<string, unknown>>(
        `SELECT * EXCEPT (ServiceName, ResourceAttributes, SeenAt), mapFilter((k, v) -> k != 'service.name', ResourceAttributes) AS resource
         FROM ${table} WHERE ServiceName = '${service}' ORDER BY toString(tuple(*))`,
      )
    const byGrpc = await rowsOf('by-grpc')
    expect(byGrpc).toHaveLength(20)
    expect(byGrpc).toEqual(await rowsOf('by-http'))
  }
})

test('a taken port ends the start with advice, not with a stack', async () => {
  const other = createServer()
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve))
  const { port } = other.address() as { port: number }
  const refused = run(['serve'], {
    ...{ SIGNALBOX_DATA_DIR: newFolder(), SIGNALBOX_PORT: '0', SIGNALBOX_OTLP_HTTP_PORT: '0' },
    SIGNALBOX_OTLP_GRPC_PORT: String(port),
  })
  expect(await refused.exited).toBe(1)
  expect(refused.output()).toContain('set SIGNALBOX_OTLP_GRPC_PORT to a free port')
  expect(refused.output()).not.toContain('    at ')
  other.close()
})
