import { describe, expect, test } from 'vitest'
import { decodeDocument, NOW_MS, rowsOf, unitOf } from './decoder-fixture.ts'
import { type LogInput, logs, newTraceId, type Value, type Values } from './otlp-builder.ts'

const WORKER = {
  'service.name': 'sd-worker',
  'k8s.pod.name': 'sd-7',
  'signalbox.target': 'cloud-eu',
}

const observe = (log: Partial<LogInput>, resource: Values = WORKER) => {
  const batch = decodeDocument('logs', logs(resource, [{ atMs: NOW_MS, ...log }]))
  const [observation] = unitOf(batch, 'log')
  return (key: string) => observation?.field(key)
}

test('a record becomes a row of the exporter', () => {
  const traceId = newTraceId()
  const log = {
    atMs: NOW_MS,
    body: 'CUDA out of memory.',
    severity: 17,
    severityText: 'ERROR',
    eventName: 'oom',
    traceId,
    attributes: { z: 1, 'hw.id': 'gpu-3' },
  }
  const document = JSON.parse(
    JSON.stringify(logs(WORKER, [log]))
      .replace(
        '"scope":{"name":"test"}',
        '"schemaUrl":"s","scope":{"name":"n","version":"v","attributes":[{"key":"a","value":{"boolValue":true}}]}',
      )
      .replace('"scopeLogs"', '"schemaUrl":"r","scopeLogs"')
      .replace('"eventName"', '"flags":257,"eventName"'),
  )
  const [row] = rowsOf(decodeDocument('logs', document), 'otel_logs')
  expect(row).toEqual({
    Timestamp: '1768140000.000000000',
    TraceId: traceId,
    SpanId: '',
    TraceFlags: 1,
    SeverityText: 'ERROR',
    SeverityNumber: 17,
    ServiceName: 'sd-worker',
    Body: 'CUDA out of memory.',
    ResourceSchemaUrl: 'r',
    ResourceAttributes: WORKER,
    ScopeSchemaUrl: 's',
    ScopeName: 'n',
    ScopeVersion: 'v',
    ScopeAttributes: { a: 'true' },
    LogAttributes: { 'hw.id': 'gpu-3', z: '1' },
    EventName: 'oom',
    SeenAt: '1768140000.000000000',
  })
})

test('rules read body, severity, event and who sent it', () => {
  const field = observe({
    body: 'text',
    severity: 21,
    eventName: 'oom',
    attributes: { 'gpu.id': 'g1' },
  })
  const fields = {
    body: 'text',
    severity: 'fatal',
    severity_number: 21,
    event: 'oom',
    service: 'sd-worker',
    worker: 'sd-7',
    router: undefined,
    target: 'cloud-eu',
    gpu: 'g1',
    'resource.k8s.pod.name': 'sd-7',
  }
  for (const [key, value] of Object.entries(fields)) expect([key, field(key)]).toEqual([key, value])
  expect(observe({ severityText: 'WARN' })('severity')).toBe('warn')
  expect(observe({})('severity')).toBeUndefined()
  expect(observe({}, { 'service.name': 'db' })('worker')).toBeUndefined()
})

test.for([
  [1, 'trace'],
  [4, 'trace'],
  [5, 'debug'],
  [9, 'info'],
  [13, 'warn'],
  [16, 'warn'],
  [24, 'fatal'],
  [99, undefined],
] as const)('severity number %d is %s', ([severity, word]) => {
  expect(observe({ severity })('severity')).toBe(word)
})

test('a record without time has the time it was observed, or received', () => {
  const timeOf = (log: LogInput) =>
    rowsOf(decodeDocument('logs', logs({}, [log])), 'otel_logs')[0]?.Timestamp
  expect(timeOf({ atMs: 0 })).toBe('1768140000.000000000')
  expect(timeOf({ atMs: 0, observedMs: NOW_MS - 1_000 })).toBe('1768139999.000000000')
  expect(timeOf({ atMs: NOW_MS - 2_000, observedMs: NOW_MS })).toBe('1768139998.000000000')
})

test('prompts in events are dropped', () => {
  const log = { atMs: NOW_MS, body: 'a red fox', eventName: 'gen_ai.user.message' }
  const batch = decodeDocument('logs', logs({}, [log]))
  expect(rowsOf(batch, 'otel_logs')[0]?.Body).toBe('')
})

describe('Kubernetes events read alike in all their shapes', () => {
  const message = "pod didn't trigger scale-up: 6 Insufficient nvidia.com/gpu"
  const object = (own: Values): Value => ({
    map: {
      reason: 'NotTriggerScaleUp',
      type: 'Normal',
      metadata: { map: { name: 'sd.17', uid: 'u-1' } },
      ...own,
    },
  })
  const regarding = { map: { kind: 'Pod', name: 'sd-1', namespace: 'prod' } }
  const shapes: Record<string, Partial<LogInput>> = {
    'k8s_events receiver': {
      body: message,
      attributes: { 'k8s.event.reason': 'NotTriggerScaleUp', 'k8s.event.count': 3 },
    },
    'k8s_objects, watched, events.k8s.io': {
      body: {
        map: {
          type: 'ADDED',
          object: object({ note: message, regarding, deprecatedCount: 3 }),
        },
      },
    },
    'k8s_objects, watched, with a series': {
      body: {
        map: {
          type: 'MODIFIED',
          object: object({ note: message, regarding, series: { map: { count: 3 } } }),
        },
      },
    },
    'k8s_objects, pulled, core': {
      body: object({ message, involvedObject: regarding, count: { double: 3 } }),
    },
  }
  test.for(Object.entries(shapes))('%s', ([, log]) => {
    const field = observe(log, {})
    expect(field('k8s.event.reason')).toBe('NotTriggerScaleUp')
    expect(field('k8s.event.count')).toBe(3)
    expect(field('body')).toBe(message)
  })

  test('with what they are about', () => {
    const body = object({ message, involvedObject: regarding })
    const field = observe({ body }, {})
    expect(field('k8s.object.kind')).toBe('Pod')
    expect(field('k8s.object.name')).toBe('sd-1')
    expect(field('k8s.namespace.name')).toBe('prod')
    expect(field('k8s.event.uid')).toBe('u-1')
  })

  test('a body that only looks like one stays a body', () => {
    const field = observe({ body: { map: { reason: 'because', message: 'x' } } }, {})
    expect(field('k8s.event.reason')).toBeUndefined()
    expect(field('body')).toBe('{"message":"x","reason":"because"}')
  })
})
