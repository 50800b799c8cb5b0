import { type Context, context, type Span, type Tracer, trace } from '@opentelemetry/api'
import { type DestinationStream, type Logger, pino } from 'pino'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'

/**
 * Signalbox's view of itself. Stages never touch it directly: each gets named events from its own
 * `telemetry/<stage>-events.ts`, which count *and* log, so that no metric stands alone.
 */
export interface Telemetry {
  readonly log: Logger
  readonly registry: Registry
  /** Get or create; names start with `signalbox_`. */
  counter(name: string, help: string, labels?: readonly string[]): Counter
  gauge(name: string, help: string, labels?: readonly string[]): Gauge
  /** Seconds, with buckets from 1 ms to 60 s. */
  histogram(name: string, help: string, labels?: readonly string[]): Histogram
  readonly tracer: Tracer
}

const SECONDS_BUCKETS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60]

export interface TelemetryOptions {
  readonly logLevel: string
  /** Default stderr, so that stdout stays for people. */
  readonly destination?: DestinationStream
}

export function createTelemetry(options: TelemetryOptions): Telemetry {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const log = pino(
    { level: options.logLevel, base: null },
    options.destination ?? pino.destination(2),
  )
  const settings = (name: string, help: string, labels: readonly string[]) => ({
    name,
    help,
    labelNames: [...labels],
    registers: [registry],
  })
  return {
    log,
    registry,
    counter: (name, help, labels = []) =>
      (registry.getSingleMetric(name) as Counter | undefined) ??
      new Counter(settings(name, help, labels)),
    gauge: (name, help, labels = []) =>
      (registry.getSingleMetric(name) as Gauge | undefined) ??
      new Gauge(settings(name, help, labels)),
    histogram: (name, help, labels = []) =>
      (registry.getSingleMetric(name) as Histogram | undefined) ??
      new Histogram({ ...settings(name, help, labels), buckets: SECONDS_BUCKETS }),
    tracer: trace.getTracer('signalbox'),
  }
}

/** Telemetry that goes nowhere, for tests and one-shot commands. */
export function createSilentTelemetry(): Telemetry {
  return createTelemetry({ logLevel: 'silent' })
}

/** A span's W3C trace context, so that a later stage can continue the trace; '' when not recording. */
export function traceparentOf(span: Span): string {
  const { traceId, spanId, traceFlags } = span.spanContext()
  if (/^0*$/.test(traceId)) return ''
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`
}

/** The context to start a child span in; the current one when `traceparent` says nothing. */
export function contextOf(traceparent: string | undefined): Context {
  const match = /^00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})$/.exec(traceparent ?? '')
  if (!match?.[1] || !match[2]) return context.active()
  return trace.setSpanContext(context.active(), {
    traceId: match[1],
    spanId: match[2],
    traceFlags: Number.parseInt(match[3] ?? '0', 16),
    isRemote: true,
  })
}
