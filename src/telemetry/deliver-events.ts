import { SpanKind, SpanStatusCode } from '@opentelemetry/api'
import { contextOf, type Telemetry, traceparentOf } from './telemetry.ts'

/** What `deliver` says of itself: every function counts, and logs what a person should see. */
export interface DeliverEvents {
  /** Starts the attempt's span, which continues the trace of the decision. */
  attemptStarted(attempt: StartedAttempt): OpenAttempt
  superseded(place: DeliveryPlace): void
  /** The router has it in force, `afterMs` after the change. */
  observed(place: DeliveryPlace, afterMs: number): void
  unobserved(place: DeliveryPlace, afterMs: number): void
  subscriptionChanged(change: {
    readonly change: 'created' | 'changed' | 'removed' | 'rotated' | 'ended'
    readonly subscription: string
    readonly router: string
  }): void
  heartbeatSent(outcome: 'ok' | 'failed'): void
  bodyTooLarge(place: DeliveryPlace, bodyBytes: number): void
  marksNotSaved(failure: { readonly reason: string }): void
}

export interface DeliveryPlace {
  readonly subscription: string
  readonly router: string
  readonly route: string
  /** `EPOCH.GENERATION`. */
  readonly generation: string
}

export interface StartedAttempt extends DeliveryPlace {
  readonly id: string
  readonly attempt: number
  readonly traceparent?: string
}

export interface OpenAttempt {
  /** For the request's own header; '' when nothing is traced. */
  readonly traceparent: string
  end(result: {
    readonly outcome: 'answered' | 'older' | 'failed' | 'gone' | 'superseded'
    readonly durationMs: number
    readonly status?: number
    readonly error?: string
  }): void
}

export function createDeliverEvents(telemetry: Telemetry): DeliverEvents {
  const { log } = telemetry
  const superseded = telemetry.counter(
    'signalbox_delivery_superseded_total',
    'Deliveries dropped because the route changed again.',
  )
  const observed = telemetry.histogram(
    'signalbox_delivery_observed_seconds',
    'From the change to the second witness, per subscription.',
  )
  const unobserved = telemetry.counter(
    'signalbox_delivery_unobserved_total',
    'Changes that a router with traffic did not observe in time.',
  )
  const changes = telemetry.counter(
    'signalbox_subscription_changes_total',
    'Subscriptions created, changed, removed, rotated or ended.',
    ['change'],
  )
  const heartbeats = telemetry.counter(
    'signalbox_delivery_heartbeats_total',
    'Heartbeats sent to subscriptions that ask for them.',
    ['outcome'],
  )
  const large = telemetry.counter(
    'signalbox_delivery_body_too_large_total',
    'Pushes whose body is over 4 kB even without its reason.',
  )
  return {
    attemptStarted: createAttemptStarted(telemetry),
    superseded(place) {
      superseded.inc()
      log.debug(place, 'delivery superseded')
    },
    observed(place, afterMs) {
      observed.observe(afterMs / 1_000)
      log.info({ ...place, afterMs }, 'router observed the state')
    },
    unobserved(place, afterMs) {
      unobserved.inc()
      log.error({ ...place, afterMs }, 'router has traffic and does not observe the state')
    },
    subscriptionChanged(change) {
      changes.inc({ change: change.change })
      if (change.change === 'ended') log.error(change, 'endpoint answered 410, subscription ended')
      else log.info(change, `subscription ${change.change}`)
    },
    heartbeatSent: (outcome) => heartbeats.inc({ outcome }),
    bodyTooLarge(place, bodyBytes) {
      large.inc()
      log.warn({ ...place, bodyBytes }, 'push is over 4 kB: shorten the params of the fallbacks')
    },
    marksNotSaved: (failure) => log.error(failure, 'observed pairs not saved, trying again'),
  }
}

function createAttemptStarted(telemetry: Telemetry): DeliverEvents['attemptStarted'] {
  const { log, tracer } = telemetry
  const attempts = telemetry.counter(
    'signalbox_delivery_attempts_total',
    'Attempts to push a state, by what the endpoint said.',
    ['outcome'],
  )
  const seconds = telemetry.histogram(
    'signalbox_delivery_attempt_seconds',
    'Duration of attempts to push a state.',
  )
  return ({ traceparent, ...facts }) => {
    const span = tracer.startSpan(
      'deliver state',
      {
        kind: SpanKind.CLIENT,
        attributes: {
          'signalbox.delivery.id': facts.id,
          'signalbox.delivery.attempt': facts.attempt,
          'signalbox.delivery.subscription': facts.subscription,
          'signalbox.delivery.router': facts.router,
          'signalbox.delivery.route': facts.route,
          'signalbox.delivery.generation': facts.generation,
        },
      },
      contextOf(traceparent),
    )
    return {
      traceparent: traceparentOf(span),
      end({ outcome, durationMs, status, error }) {
        attempts.inc({ outcome })
        seconds.observe(durationMs / 1_000)
        if (status !== undefined) span.setAttribute('http.response.status_code', status)
        if (outcome === 'failed') {
          span.setStatus({ code: SpanStatusCode.ERROR })
          span.setAttribute('error.type', error ?? 'failed')
          log.warn({ ...facts, durationMs, status, error }, 'push failed')
        } else log.debug({ ...facts, durationMs, outcome }, 'push answered')
        span.end()
      },
    }
  }
}
