import { metrics, SpanKind, trace } from '@opentelemetry/api'
import { logs, SeverityNumber } from '@opentelemetry/api-logs'
import { NodeSDK } from '@opentelemetry/sdk-node'
import { onTestFinished, vi } from 'vitest'

// The three signals as the real SDK sends them, set up by environment as people do.

/** Every exporter that the SDK has. */
export const PROTOCOLS = ['grpc', 'http/protobuf', 'http/json'] as const

export interface SdkOptions {
  readonly protocol: (typeof PROTOCOLS)[number]
  readonly endpoint: string
  readonly compression?: string
  /** Default `gateway`. */
  readonly service?: string
}

/** One SDK's life: a span, a log record and a counter, all of them flushed by its shutdown. */
export async function sendAll(options: SdkOptions): Promise<void> {
  const { protocol, endpoint, compression = 'none', service = 'gateway' } = options
  const environment = {
    OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
    OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
    OTEL_EXPORTER_OTLP_COMPRESSION: compression,
    OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20good',
    OTEL_TRACES_EXPORTER: 'otlp',
    OTEL_LOGS_EXPORTER: 'otlp',
    OTEL_METRICS_EXPORTER: 'otlp',
    OTEL_RESOURCE_ATTRIBUTES: 'service.instance.id=router-1',
  }
  onTestFinished(() => void vi.unstubAllEnvs())
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value)
  const sdk = new NodeSDK({ serviceName: service, instrumentations: [] })
  sdk.start()
  const span = { kind: SpanKind.SERVER, attributes: { 'http.route': 'preview' } }
  trace.getTracer('router').startSpan('POST /preview', span).end()
  const record = { severityNumber: SeverityNumber.ERROR, body: 'CUDA out of memory.' }
  logs.getLogger('worker').emit(record)
  metrics.getMeter('autoscaler').createCounter('jobs').add(3)
  try {
    await sdk.shutdown()
  } finally {
    for (const api of [trace, logs, metrics]) api.disable()
  }
}
