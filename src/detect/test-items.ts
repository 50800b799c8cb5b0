import type { RuleTestInput } from '../config/rule-tests.ts'
import type { Topology } from '../config/topology.ts'
import { parseDurationMs } from '../lib/duration.ts'
import { identityOf } from '../lib/identity.ts'
import type { Attempt, RequestOutcome, Role, Served } from '../model/attempt.ts'
import type { FieldValue, Observation, Source } from '../model/observation.ts'

export interface TestItem {
  readonly unit: RuleTestInput['unit']
  readonly fields: RuleTestInput['fields']
  readonly atUnixMs: number
  /** Counts the items of a test, so that each is its own request and span. */
  readonly number: number
  readonly topology: Topology
}

/** An item of a rule test as the observations that telemetry of that kind would become. */
export function toObservations(item: TestItem): Observation[] {
  const { unit, atUnixMs, number } = item
  const fields = new Map(Object.entries(item.fields).map(([key, value]) => [key, read(key, value)]))
  const source = sourceOf(fields)
  const id = number.toString(16).padStart(16, '0')
  const setDefault = (key: string, value: FieldValue | undefined) => {
    if (!fields.has(key) && value !== undefined) fields.set(key, value)
  }
  if (source.component === 'router') setDefault('router', source.id)
  setDefault('resource.signalbox.component', source.component)
  if (unit === 'attempt' || unit === 'request') setDefault('outcome', 'ok')
  if (unit !== 'log' && unit !== 'metric') setDefault('request_id', `request-${number}`)
  setDefault('role', roleOf(fields, item.topology))
  const durationMs = Number(fields.get('duration') ?? 0)
  if (unit === 'attempt' || unit === 'request' || unit === 'span')
    setDefault('duration', durationMs)
  const base = {
    atUnixMs,
    startUnixMs: atUnixMs - durationMs,
    source,
    weight: 1,
    field: (key: string) => (key === 'metric.series' ? seriesOf(fields) : fields.get(key)),
  }
  if (unit === 'log' || unit === 'metric' || unit === 'status') return [{ ...base, unit }]
  const span = { ...base, once: identityOf(nameOf(fields) ?? `${id}${id}/${id}`) }
  if (unit === 'span') return [{ ...span, unit }]
  const served = toServed({ fields, source, id, atUnixMs, durationMs })
  // An attempt is a span too, and comes once per unit that it is.
  if (unit === 'attempt')
    return [
      { ...span, unit, attempt: toAttempt(served, fields) },
      { ...span, unit: 'span' },
    ]
  const ended = { finalTarget: text(fields, 'target'), finalRole: '' as const }
  const request = { ...served, ...ended, attemptCount: 1, abandonedAfterMs: 0 }
  return [
    { ...span, unit, request },
    { ...span, unit: 'span' },
  ]
}

type Fields = ReadonlyMap<string, FieldValue>

function read(key: string, value: FieldValue): FieldValue {
  if (key !== 'duration' || typeof value !== 'string') return value
  return parseDurationMs(value) ?? value
}

/** Who sends it: the worker that it names, an autoscaler, else a router, by default router-1. */
function sourceOf(fields: Fields): Source {
  for (const component of ['router', 'worker', 'autoscaler'] as const) {
    const id = fields.get(component)
    if (id !== undefined) return { id: String(id), component }
  }
  return { id: 'router-1', component: 'router' }
}

/** All that a data point says but its number. */
function seriesOf(fields: Fields): number {
  const labels = [...fields].filter(([key]) => key !== 'value')
  return identityOf(JSON.stringify(labels.toSorted(([a], [b]) => (a < b ? -1 : 1))))
}

function roleOf(fields: Fields, topology: Topology): Role | undefined {
  const route = fields.get('route')
  const target = fields.get('target')
  if (route === undefined || target === undefined) return undefined
  return topology.roleOf(String(route), String(target))
}

/** Items that name the same span are one span, delivered again. */
function nameOf(fields: Fields): string | undefined {
  const spanId = fields.get('span_id')
  return spanId === undefined ? undefined : `${fields.get('trace_id') ?? ''}/${spanId}`
}

function text(fields: Fields, key: string): string {
  return String(fields.get(key) ?? '')
}

interface ServedFacts {
  readonly fields: Fields
  readonly source: Source
  readonly id: string
  readonly atUnixMs: number
  readonly durationMs: number
}

function toServed({ fields, source, id, atUnixMs, durationMs }: ServedFacts): Served {
  const ns = (ms: number) => BigInt(Math.round(ms * 1_000)) * 1_000n
  return {
    route: text(fields, 'route'),
    router: source.id,
    requestId: text(fields, 'request_id'),
    traceId: `${id}${id}`,
    spanId: id,
    startUnixNs: ns(atUnixMs - durationMs),
    endUnixNs: ns(atUnixMs),
    outcome: text(fields, 'outcome') as RequestOutcome,
    errorType: text(fields, 'error.type'),
    statusCode: Number(fields.get('http.response.status_code') ?? 0),
    generation: text(fields, 'generation'),
    session: text(fields, 'session'),
    model: text(fields, 'model'),
    region: text(fields, 'region'),
    tenant: text(fields, 'tenant'),
    tier: text(fields, 'tier'),
    class: text(fields, 'class'),
    variant: text(fields, 'variant'),
    images: Number(fields.get('images') ?? 1),
    cost: Number(fields.get('cost') ?? 0),
    weight: 1,
    receivedUnixMs: atUnixMs,
  }
}

function toAttempt(served: Served, fields: Fields): Attempt {
  return { ...served, target: text(fields, 'target'), role: text(fields, 'role') as Role }
}
