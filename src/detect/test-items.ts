import type { RuleTestInput } from '../config/rule-tests.ts'
import type { Topology } from '../config/topology.ts'
import { parseDurationMs } from '../lib/duration.ts'
import { identityOf } from '../lib/identity.ts'
import type { Attempt, Request, RequestOutcome, Role, Served } from '../model/attempt.ts'
import type { FieldValue, Observation, Source } from '../model/observation.ts'

/** What the items of one input have in common. */
export interface TestItems {
  readonly unit: RuleTestInput['unit']
  readonly fields: RuleTestInput['fields']
  readonly topology: Topology
}

export interface TestItem extends TestItems {
  readonly atUnixMs: number
  /** Counts the items of a test, so that each is its own request and span. */
  readonly number: number
}

/** An item of a rule test as the observations that telemetry of that kind would become. */
export function toObservations(item: TestItem): Observation[] {
  return createTestItems(item)(item.atUnixMs, item.number)
}

/** Makes the items of one input: a test has tens of thousands that differ in time and number only. */
export function createTestItems({ unit, fields: given, topology }: TestItems) {
  const fields = new Map(Object.entries(given).map(([key, value]) => [key, read(key, value)]))
  const source = sourceOf(fields)
  const setDefault = (key: string, value: FieldValue | undefined) => {
    if (!fields.has(key) && value !== undefined) fields.set(key, value)
  }
  if (source.component === 'router') setDefault('router', source.id)
  setDefault('resource.signalbox.component', source.component)
  if (unit === 'attempt' || unit === 'request') setDefault('outcome', 'ok')
  setDefault('role', roleOf(fields, topology))
  const isSpan = unit === 'attempt' || unit === 'request' || unit === 'span'
  const durationMs = Number(fields.get('duration') ?? 0)
  if (isSpan) setDefault('duration', durationMs)
  const isNumbered = unit !== 'log' && unit !== 'metric' && !fields.has('request_id')
  const name = nameOf(fields)
  let series: number | undefined

  return (atUnixMs: number, number: number): Observation[] => {
    const field = (key: string): FieldValue | undefined => {
      if (key === 'request_id' && isNumbered) return `request-${number}`
      if (key !== 'metric.series') return fields.get(key)
      series ??= seriesOf(fields)
      return series
    }
    const startUnixMs = atUnixMs - durationMs
    const base = { atUnixMs, startUnixMs, source, weight: 1, field }
    if (!isSpan) return [{ unit, ...base }]
    const id = number.toString(16).padStart(16, '0')
    const once = identityOf(name ?? `${id}${id}/${id}`)
    const span: Observation = { unit: 'span', ...base, once }
    if (unit === 'span') return [span]
    const served = () => toServed({ fields, field, source, id, atUnixMs, startUnixMs })
    // It is a span too, and comes once per unit that it is. Its facts are made for who asks.
    const own: Observation =
      unit === 'attempt'
        ? {
            ...{ unit, ...base, once },
            get attempt() {
              return toAttempt(served(), fields)
            },
          }
        : {
            ...{ unit, ...base, once },
            get request() {
              return toRequest(served(), fields)
            },
          }
    return [own, span]
  }
}

interface ServedFacts extends Pick<Observation, 'field' | 'source' | 'atUnixMs' | 'startUnixMs'> {
  readonly fields: Fields
  readonly id: string
}

function toServed({ fields, field, source, id, atUnixMs, startUnixMs }: ServedFacts): Served {
  return {
    route: text(fields, 'route'),
    router: source.id,
    requestId: String(field('request_id') ?? ''),
    traceId: `${id}${id}`,
    spanId: id,
    startUnixNs: toNs(startUnixMs),
    endUnixNs: toNs(atUnixMs),
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
  // Into the same object: a copy of twenty fields costs more than all the rest of an item.
  return Object.assign(served, {
    target: text(fields, 'target'),
    role: text(fields, 'role') as Role,
  })
}

function toRequest(served: Served, fields: Fields): Request {
  const ended = { finalTarget: text(fields, 'target'), finalRole: '' as const }
  return Object.assign(served, { ...ended, attemptCount: 1, abandonedAfterMs: 0 })
}

const toNs = (ms: number) => BigInt(Math.round(ms * 1_000)) * 1_000n

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
