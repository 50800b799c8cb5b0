import { contextOf, type Telemetry, traceparentOf } from './telemetry.ts'

/** What the failover controller tells of itself. */
export interface DecideEvents {
  /** A committed step; `lagMs` from the judgement of its verdict to the commit, if there was one. */
  transitioned(event: {
    route: string
    kind: string
    from: string
    to: string
    text: string
    lagMs?: number
  }): void
  blocked(event: { route: string; rules: readonly string[] }): void
  probed(event: { target: string; kind: string; isOk: boolean; detail: string }): void
  /** The control state could not be written: the step was not taken. All counted, the first of a row logged. */
  commitFailed(event: { route: string; fault: unknown; isFirst: boolean }): void
  /** A router knew more than we do; everything is sent anew under a new epoch. */
  epochTaken(event: { router: string; epoch: number }): void
  /** Reports a pair that no controller can have given. */
  pairRefused(event: { router: string; epoch: number; generation: number }): void
  policyAdopted(event: { revision: number; routes: number }): void
  /** Opens the span of a decision under the verdict's trace. */
  decide(event: { route: string; to: string; traceparent: string | undefined }): DecideSpan
}

export interface DecideSpan {
  /** W3C trace context for the next stage; '' when nothing records. */
  readonly traceparent: string
  end(): void
}

export function createDecideEvents(telemetry: Telemetry): DecideEvents {
  const { log, tracer } = telemetry
  const transitions = telemetry.counter(
    'signalbox_transitions_total',
    'Committed steps of routes',
    ['route', 'kind', 'to'],
  )
  const blocked = telemetry.counter('signalbox_blocked_total', 'Moves that a safety rule refused', [
    'route',
    'rule',
  ])
  const probes = telemetry.counter('signalbox_probe_results_total', 'Answers of target probes', [
    'target',
    'kind',
    'result',
  ])
  const lag = telemetry.histogram(
    'signalbox_decision_lag_seconds',
    'From the judgement of a rule to the committed decision',
  )
  const failures = telemetry.counter(
    'signalbox_decide_commit_failures_total',
    'Decisions that could not be written',
  )
  const epoch = telemetry.gauge('signalbox_controller_epoch', 'Epoch in force')
  const refused = telemetry.counter('signalbox_pairs_refused_total', 'Impossible pairs of routers')
  const revision = telemetry.gauge(
    'signalbox_policy_revision',
    'Revision of failover.yaml in force',
  )
  return {
    transitioned({ lagMs, ...event }) {
      transitions.inc({ route: event.route, kind: event.kind, to: event.to })
      if (lagMs !== undefined) lag.observe(Math.max(0, lagMs) / 1_000)
      log.info(event, event.text)
    },
    blocked({ route, rules }) {
      for (const rule of rules) blocked.inc({ route, rule })
      log.warn({ route, rules }, 'a move was refused by a safety rule')
    },
    probed({ target, kind, isOk, detail }) {
      probes.inc({ target, kind, result: isOk ? 'ok' : 'failed' })
      if (!isOk) log.warn({ target, kind, detail }, 'a probe failed')
    },
    commitFailed({ route, fault, isFirst }) {
      failures.inc()
      if (isFirst)
        log.error({ route, err: fault }, 'a decision could not be written and was not taken')
    },
    epochTaken(event) {
      epoch.set(event.epoch)
      log.warn(event, 'a router knows a newer state than ours; sending everything anew')
    },
    pairRefused(event) {
      refused.inc()
      log.warn(event, 'a router reports an impossible pair')
    },
    policyAdopted(event) {
      revision.set(event.revision)
      log.info(event, 'failover.yaml is in force')
    },
    decide({ route, to, traceparent }) {
      const span = tracer.startSpan(
        'decide',
        { attributes: { 'signalbox.route': route, 'signalbox.state': to } },
        contextOf(traceparent),
      )
      return { traceparent: traceparentOf(span), end: () => span.end() }
    },
  }
}
