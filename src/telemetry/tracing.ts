import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { NodeSDK } from '@opentelemetry/sdk-node'
import type { Part } from '../lib/part.ts'
import type { Telemetry } from './telemetry.ts'

export interface TracingOptions {
  /** `OTEL_EXPORTER_OTLP_ENDPOINT`; without it nothing is traced. */
  readonly endpoint: string | undefined
  /** Ports on which this process itself receives OTLP; asked at start. */
  ownPorts(): readonly number[]
  readonly telemetry: Telemetry
}

/**
 * Exports our own spans (verdict, decision, delivery). Nothing on the way of ingest makes a span,
 * and an endpoint that is this very process is refused: a rule on spans that matched our own would
 * otherwise make a span for each span.
 */
export function createTracing({ endpoint, ownPorts, telemetry }: TracingOptions): Part {
  let sdk: NodeSDK | undefined
  return {
    name: 'tracing',
    async start() {
      if (endpoint === undefined || endpoint === '') return
      if (isOwnEndpoint(endpoint, ownPorts())) {
        telemetry.log.warn({ endpoint }, 'own traces stay off: the endpoint is this very process')
        return
      }
      sdk = new NodeSDK({
        serviceName: 'signalbox',
        traceExporter: new OTLPTraceExporter({
          url: new URL('v1/traces', withSlash(endpoint)).href,
        }),
        instrumentations: [],
        metricReaders: [],
        logRecordProcessors: [],
      })
      sdk.start()
      telemetry.log.info({ endpoint }, 'own traces are exported')
    },
    async stop() {
      await sdk
        ?.shutdown()
        .catch((err: unknown) =>
          telemetry.log.warn({ err }, 'the last own traces were not exported'),
        )
      sdk = undefined
    },
  }
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
