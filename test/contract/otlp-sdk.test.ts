import { expect, test } from 'vitest'
import { PROTOCOLS, sendAll } from '../receive/sdk-fixture.ts'
import { POLL, startServer } from './otlp-fixture.ts'

// The whole server and the real SDK: what an exporter flushed at its shutdown is in the database.

const server = startServer()
const WAYS = PROTOCOLS.flatMap((protocol) =>
  ['none', 'gzip'].map((compression) => ({
    protocol,
    compression,
    service: `${protocol} ${compression}`,
  })),
)

test('every exporter, compressed or not, brings every signal', async () => {
  const endpointOf = (protocol: string) =>
    protocol === 'grpc' ? `http://${server.addresses.otlp_grpc}` : server.addresses.otlp_http
  for (const way of WAYS) await sendAll({ ...way, endpoint: endpointOf(way.protocol) })
  const services = WAYS.map(({ service }) => service).sort()
  for (const [table, columns] of Object.entries(TABLES)) {
    const rows = () =>
      server.sql<{ ServiceName: string }>(
        `SELECT ServiceName, ${Object.keys(columns).join(', ')} FROM ${table} ORDER BY ServiceName`,
      )
    const expected = services.map((ServiceName) => ({ ServiceName, ...columns }))
    await expect.poll(rows, POLL).toEqual(expected)
  }
})

const TABLES = {
  otel_traces: { SpanName: 'POST /preview', SpanKind: 'Server', ScopeName: 'router' },
  otel_logs: { Body: 'CUDA out of memory.', SeverityNumber: 17, ScopeName: 'worker' },
  otel_metrics_sum: { MetricName: 'jobs', Value: 3, IsMonotonic: true, ScopeName: 'autoscaler' },
}
