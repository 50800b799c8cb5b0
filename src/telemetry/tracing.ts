import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { NodeSDK } from '@opentelemetry/sdk-node'
import type { Telemetry } from './telemetry.ts'

export interface TracingOptions {
  /** `OTEL_EXPORTER_OTLP_ENDPOINT`; without it nothing is traced. */
  readonly endpoint: string | undefined
  /** Ports on which this process itself receives OTLP. */
  readonly ownPorts: readonly number[]
  readonly version: string
  readonly telemetry: Telemetry
}

/**
 * Exports our own spans (verdict, decision, delivery). Nothing on the way of ingest makes a span,
 * and an endpoint that is this very process is refused: a rule on spans that matched our own would
 * otherwise make a span for each span.
 *
 * @returns a function that flushes and stops; harmless when nothing was started
 */
export function startTracing(options: TracingOptions): () => Promise<void> {
  const { endpoint, ownPorts, version, telemetry } = options
  if (endpoint === undefined || endpoint === '') return async () => {}
  if (isOwnEndpoint(endpoint, ownPorts)) {
    telemetry.log.warn(
      { endpoint },
      'own traces stay off: OTEL_EXPORTER_OTLP_ENDPOINT is this very process',
    )
    return async () => {}
  }
  const sdk = new NodeSDK({
    serviceName: 'signalbox',
    traceExporter: new OTLPTraceExporter({ url: new URL('v1/traces', withSlash(endpoint)).href }),
    instrumentations: [],
    metricReaders: [],
    logRecordProcessors: [],
  })
  sdk.start()
  telemetry.log.info({ endpoint, version }, 'own traces are exported')
  return () =>
    sdk
      .shutdown()
      .catch((err: unknown) => telemetry.log.warn({ err }, 'last traces were not exported'))
}

/** True for any spelling of this machine with one of our ports. */
export function isOwnEndpoint(endpoint: string, ownPorts: readonly number[]): boolean {
  let url: URL
  try {
    url = new URL(endpoint)
  } catch {
    return false
  }
  const port = Number(url.port || (url.protocol === 'https:' ? 443 : 80))
  const isHere = /^(localhost|127\.\d+\.\d+\.\d+|\[::1?\]|0\.0\.0\.0)$/.test(url.hostname)
  return isHere && ownPorts.includes(port)
}

function withSlash(endpoint: string): string {
  return endpoint.endsWith('/') ? endpoint : `${endpoint}/`
}
