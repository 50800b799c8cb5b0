import type { FieldValue, Observation, Source } from '../model/observation.ts'
import { PRIMARY } from './fleet-plan.ts'
import { type Asked, traceIdOf } from './scenario-asked.ts'
import { EVENTS, type EventName } from './scenario-events.ts'
import { LOG_TEXTS, type LogName } from './scenario-texts.ts'

// What workers and the platform say, as the observations that their records become.

export const AUTOSCALER: Source = { id: 'cluster-autoscaler-0', component: 'autoscaler' }
export const DEPLOYMENT = 'sd-eu'

type Said = { unit: 'log' | 'metric'; source: Source; atUnixMs: number; fields: Fields }
type Fields = ReadonlyMap<string, FieldValue>

/** A log record or a metric point by its fields. */
export function said({ unit, source, atUnixMs, fields }: Said): Observation {
  const field = (key: string) => fields.get(key)
  return { unit, source, atUnixMs, startUnixMs: atUnixMs, weight: 1, field }
}

/** A line of a worker, about a request where it is about one. */
export function logged(line: {
  readonly worker: Source
  readonly atUnixMs: number
  readonly name: LogName
  readonly asked?: Asked
}): Observation {
  const { worker, atUnixMs, name, asked } = line
  const { body, severity, exceptionType } = LOG_TEXTS[name]
  const fields = new Map<string, FieldValue>([
    ['worker', worker.id],
    ['target', PRIMARY],
    ['service', 'sd-worker'],
    ['severity', severity],
    ['body', body],
    ['gpu', '0'],
  ])
  if (exceptionType !== undefined) {
    fields.set('exception.type', exceptionType)
    const message =
      name === 'exception-oom' ? 'CUDA out of memory. Tried to allocate 2.00 GiB.' : body
    fields.set('exception.message', message)
  }
  if (asked) fields.set('request_id', traceIdOf(asked)).set('route', asked.route)
  return said({ unit: 'log', source: worker, atUnixMs, fields })
}

/** A Kubernetes event as the `k8s_events` receiver shapes it. */
export function told(name: EventName, atUnixMs: number, count: number): Observation {
  const { type, reason, message, object } = EVENTS[name]
  const fields = new Map<string, FieldValue>([
    ['autoscaler', AUTOSCALER.id],
    ['target', PRIMARY],
    ['service', 'cluster-autoscaler'],
    ['severity', type === 'Warning' ? 'warn' : 'info'],
    ['body', message],
    ['k8s.event.reason', reason],
    ['k8s.event.type', type],
    ['k8s.event.uid', `uid-${name}`],
    ['k8s.event.name', `${DEPLOYMENT}.${name}`],
    ['k8s.event.count', count],
    ['k8s.namespace.name', 'inference'],
    ['k8s.object.kind', object],
    ['resource.k8s.object.kind', object],
    ['k8s.object.name', DEPLOYMENT],
    ['resource.k8s.object.name', DEPLOYMENT],
  ])
  return said({ unit: 'log', source: AUTOSCALER, atUnixMs, fields })
}
