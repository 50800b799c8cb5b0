import { metrics, SpanKind, trace } from '@opentelemetry/api'
import { logs, SeverityNumber } from '@opentelemetry/api-logs'
import { NodeSDK } from '@opentelemetry/sdk-node'
import { afterEach, expect, test, vi } from 'vitest'
import type { DecodedBatch, Row } from '../../src/model/batch.ts'
import { createIngest } from '../../src/receive/ingest.ts'
import { createTestDecoder } from '../decode/decoder-fixture.ts'
import { serve } from './grpc-fixture.ts'

// The three signals as the real SDK sends them over gRPC, set up by environment as people do.

afterEach(() => vi.unstubAllEnvs())

/** One SDK's life: everything it made is flushed by its shutdown. */
async function sendAll(port: number, compression: string): Promise<void> {
  const environment = {
    OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
    OTEL_EXPORTER_OTLP_COMPRESSION: compression,
    OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20good',
    OTEL_TRACES_EXPORTER: 'otlp',
    OTEL_LOGS_EXPORTER: 'otlp',
    OTEL_METRICS_EXPORTER: 'otlp',
    OTEL_RESOURCE_ATTRIBUTES: 'service.instance.id=router-1',
  }
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value)
  const sdk = new NodeSDK({ serviceName: 'gateway', instrumentations: [] })
  sdk.start()
  const options = { kind: SpanKind.SERVER, attributes: { 'http.route': 'preview' } }
  trace.getTracer('router').startSpan('POST /preview', options).end()
  const record = { severityNumber: SeverityNumber.ERROR, body: 'CUDA out of memory.' }
  logs.getLogger('worker').emit(record)
  metrics.getMeter('autoscaler').createCounter('jobs').add(3)
  await sdk.shutdown()
  for (const api of [trace, logs, metrics]) api.disable()
}

async function receive() {
  const batches: DecodedBatch[] = []
  const headers: (string | undefined)[] = []
  const ingest = createIngest({
    decode: createTestDecoder().decode,
    observe: () => {},
    append: async (_, batch) => {
      batches.push(batch)
      return { status: 'ok' }
    },
    events: { decoded: () => {} },
  })
  const { port, statuses } = await serve({
    ingest,
    authorize: (header) => {
      headers.push(header)
      return { status: 'ok', actor: 'anyone' }
    },
  })
  const rows = (table: string): Row[] => batches.flatMap((batch) => batch.rows.get(table) ?? [])
  return { port, rows, statuses, headers }
}

test.for(['none', 'gzip'])('spans, logs and metrics come with compression %s', async (coding) => {
  const { port, rows, statuses, headers } = await receive()
  await sendAll(port, coding)
  expect(statuses).toEqual(['OK', 'OK', 'OK'])
  expect(new Set(headers)).toEqual(new Set(['Bearer good']))
  expect(rows('otel_traces')).toMatchObject([{ SpanName: 'POST /preview', SpanKind: 'Server' }])
  expect(rows('signalbox_requests')).toMatchObject([{ Route: 'preview', Router: 'router-1' }])
  expect(rows('otel_logs')).toMatchObject([{ SeverityNumber: 17, Body: 'CUDA out of memory.' }])
  expect(rows('otel_metrics_sum')).toMatchObject([{ MetricName: 'jobs', Value: 3 }])
})
