import type { Meter, Tracer } from '@opentelemetry/api'
import type { Logger } from '@opentelemetry/api-logs'
import { OTLPLogExporter } from '@opentelemetry/exporter-logs-otlp-proto'
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-proto'
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BatchLogRecordProcessor, LoggerProvider } from '@opentelemetry/sdk-logs'
import {
  MeterProvider,
  PeriodicExportingMetricReader,
  type PushMetricExporter,
} from '@opentelemetry/sdk-metrics'
import { BasicTracerProvider, BatchSpanProcessor } from '@opentelemetry/sdk-trace-base'

/** The OpenTelemetry SDK of one process, as any Node service sets it up: nothing of ours in it. */
export interface Senders {
  readonly tracer: Tracer
  readonly logger: Logger
  readonly meter: Meter
  /** Sends what is buffered and closes; telemetry after it is lost. */
  shutdown(): Promise<void>
}

export interface SendersOptions {
  /** Base URL of OTLP/HTTP, without `/v1/…`. */
  readonly otlpUrl: string
  readonly resource: Readonly<Record<string, string>>
  readonly metricEveryMs: number
  /** Lays a wrapper round the metric exporter, to see exactly what is sent. */
  readonly tapMetrics?: (exporter: PushMetricExporter) => PushMetricExporter
}

// Failures must be seen soon: the default of 5 s would add up to 5 s to every detection.
const BATCH_DELAY_MS = 200
// Nothing may be dropped here: the ledger is compared with what arrives.
const QUEUE_COUNT_MAX = 100_000

export function createSenders(options: SendersOptions): Senders {
  const { otlpUrl, metricEveryMs, tapMetrics = (exporter) => exporter } = options
  const resource = resourceFromAttributes({ ...options.resource })
  const batch = {
    scheduledDelayMillis: BATCH_DELAY_MS,
    maxQueueSize: QUEUE_COUNT_MAX,
    maxExportBatchSize: 512,
  }
  const traces = new BasicTracerProvider({
    resource,
    spanProcessors: [
      new BatchSpanProcessor(new OTLPTraceExporter({ url: `${otlpUrl}/v1/traces` }), batch),
    ],
  })
  const logs = new LoggerProvider({
    resource,
    processors: [
      new BatchLogRecordProcessor({
        exporter: new OTLPLogExporter({ url: `${otlpUrl}/v1/logs` }),
        ...batch,
      }),
    ],
  })
  const metrics = new MeterProvider({
    resource,
    readers: [
      new PeriodicExportingMetricReader({
        exporter: tapMetrics(new OTLPMetricExporter({ url: `${otlpUrl}/v1/metrics` })),
        exportIntervalMillis: metricEveryMs,
        exportTimeoutMillis: metricEveryMs,
      }),
    ],
  })
  return {
    tracer: traces.getTracer('fleet'),
    logger: logs.getLogger('fleet'),
    meter: metrics.getMeter('fleet'),
    async shutdown() {
      await Promise.allSettled([traces.shutdown(), logs.shutdown(), metrics.shutdown()])
    },
  }
}
