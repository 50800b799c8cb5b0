import { REQUEST_TYPES } from '../decode/otlp-schema.ts'
import type { Observation } from '../model/observation.ts'
import { keyValues } from './key-values.ts'

// Spans and logs of a simulated fleet as the OTLP that its SDKs and its collector would send: what is
// timed then is what the decoder makes of bytes, and not how the simulation keeps them.

/** Attributes by what the simulation calls them. */
const SHARED_KEYS = {
  route: 'signalbox.route',
  class: 'signalbox.class',
  model: 'gen_ai.request.model',
  variant: 'signalbox.variant',
  region: 'cloud.region',
  tenant: 'tenant.id',
  tier: 'signalbox.tier',
  session: 'session.id',
  images: 'signalbox.images',
  'signalbox.lora': 'signalbox.lora',
  'gen_ai.usage.input_tokens': 'gen_ai.usage.input_tokens',
}
const ROUTED_KEYS = {
  ...SHARED_KEYS,
  target: 'signalbox.target',
  generation: 'signalbox.generation',
  cost: 'signalbox.cost.gpu_seconds',
  'error.type': 'error.type',
  'http.response.status_code': 'http.response.status_code',
}
const WORKER_KEYS = { ...SHARED_KEYS, stage: 'signalbox.stage', gpu: 'gpu.id' }

const KINDS: Readonly<Record<string, number>> = { internal: 1, server: 2, client: 3 }
const STATUSES: Readonly<Record<string, number>> = { unset: 0, ok: 1, error: 2 }

const LOG_KEYS = {
  ...SHARED_KEYS,
  target: 'signalbox.target',
  request_id: 'signalbox.request.id',
  gpu: 'gpu.id',
  'exception.type': 'exception.type',
  'exception.message': 'exception.message',
  'signalbox.quality.typography': 'signalbox.quality.typography',
  'k8s.event.reason': 'k8s.event.reason',
  'k8s.event.type': 'k8s.event.type',
  'k8s.event.uid': 'k8s.event.uid',
  'k8s.event.name': 'k8s.event.name',
  'k8s.event.count': 'k8s.event.count',
  'k8s.namespace.name': 'k8s.namespace.name',
  'k8s.object.kind': 'k8s.object.kind',
  'k8s.object.name': 'k8s.object.name',
}
const SEVERITIES: Readonly<Record<string, number>> = { debug: 5, info: 9, warn: 13, error: 17 }

/** One export request: of a router its own, of workers that of their collector. */
export function encodeSpans(spans: readonly Observation[]): Buffer {
  const type = REQUEST_TYPES.traces
  const resourceSpans = bySource(spans).map((own) => ({
    resource: { attributes: resourceOf(own[0] as Observation) },
    scopeSpans: [{ scope: { name: 'bench' }, spans: own.map(toSpan) }],
  }))
  return Buffer.from(type.encode(type.fromObject({ resourceSpans })).finish())
}

/** The same of log records. */
export function encodeLogs(logs: readonly Observation[]): Buffer {
  const type = REQUEST_TYPES.logs
  const resourceLogs = bySource(logs).map((own) => ({
    resource: { attributes: resourceOf(own[0] as Observation) },
    scopeLogs: [{ scope: { name: 'bench' }, logRecords: own.map(toLogRecord) }],
  }))
  return Buffer.from(type.encode(type.fromObject({ resourceLogs })).finish())
}

function bySource(items: readonly Observation[]): readonly Observation[][] {
  const found = new Map<string, Observation[]>()
  for (const item of items) {
    const own = found.get(item.source.id)
    if (own) own.push(item)
    else found.set(item.source.id, [item])
  }
  return [...found.values()]
}

function toLogRecord({ field, atUnixMs }: Observation) {
  const [severity, event, body] = ['severity', 'event', 'body'].map((key) => field(key))
  return {
    timeUnixNano: toNs(atUnixMs),
    severityNumber: SEVERITIES[String(severity)] ?? 0,
    severityText: String(severity ?? '').toUpperCase(),
    ...(event !== undefined && { eventName: String(event) }),
    ...(body !== undefined && { body: { stringValue: String(body) } }),
    attributes: attributesOf(field, LOG_KEYS),
  }
}

function resourceOf({ source, field }: Observation) {
  const isWorker = source.component === 'worker'
  return keyValues({
    'service.name': field('service'),
    'service.version': '2.3.1',
    'service.instance.id': source.id,
    'signalbox.component': source.component,
    'signalbox.target': isWorker ? field('target') : undefined,
    'k8s.object.kind': field('resource.k8s.object.kind'),
    'k8s.object.name': field('resource.k8s.object.name'),
  })
}

function toSpan(span: Observation) {
  const { unit, field, startUnixMs, atUnixMs, once } = span
  const served = span.attempt ?? span.request
  const message = field('status_message')
  return {
    traceId: Buffer.from(String(field('request_id')), 'hex'),
    spanId: Buffer.from(served?.spanId ?? toSpanId(once ?? 0), 'hex'),
    name: field('name'),
    kind: KINDS[String(field('kind'))],
    startTimeUnixNano: toNs(startUnixMs),
    endTimeUnixNano: toNs(atUnixMs),
    status: {
      code: STATUSES[String(field('status'))],
      ...(message !== undefined && { message: String(message) }),
    },
    attributes: attributesOf(field, unit === 'span' ? WORKER_KEYS : ROUTED_KEYS),
    events: field('event') === 'exception' ? [exceptionOf(span)] : [],
  }
}

function exceptionOf({ field, atUnixMs }: Observation) {
  const attributes = {
    'exception.type': field('exception.type'),
    'exception.message': field('exception.message'),
  }
  return { timeUnixNano: toNs(atUnixMs), name: 'exception', attributes: keyValues(attributes) }
}

function attributesOf(field: Observation['field'], keys: Readonly<Record<string, string>>) {
  const said = Object.entries(keys).map(([key, name]) => [name, field(key)] as const)
  return keyValues(Object.fromEntries(said))
}

/** Of 53 bits. */
const toSpanId = (identity: number) => identity.toString(16).padStart(16, '0')

const toNs = (ms: number) => String(BigInt(Math.round(ms * 1_000)) * 1_000n)
