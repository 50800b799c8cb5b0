import { describe, expect, test } from 'vitest'
import type { Decoder } from '../../src/decode/decoder.ts'
import { identityOf } from '../../src/lib/identity.ts'
import type { Attempt, Request } from '../../src/model/attempt.ts'
import type { OtlpRequest } from '../../src/model/otlp.ts'
import {
  createTestDecoder,
  type DecodedRows,
  decodeOk,
  NOW_MS,
  rowsOf,
  unitOf,
} from './decoder-fixture.ts'
import { mapperOf, ndjsonOf } from './mappable.ts'
import {
  logs,
  metrics,
  newSpanId,
  newTraceId,
  request,
  type SpanInput,
  traces,
} from './otlp-builder.ts'

// What existing routers send, through the whole decoder: rows and observations.

const decoderOf = (telemetry: Parameters<typeof mapperOf>[0], services = {}) =>
  createTestDecoder({ mapper: mapperOf(telemetry), services })
const decode = (decoder: Decoder, otlp: OtlpRequest) => decodeOk(decoder, otlp)
const at = { receivedUnixMs: NOW_MS }

const attemptsOf = (batch: DecodedRows): Attempt[] =>
  unitOf(batch, 'attempt').flatMap(({ attempt }) => attempt ?? [])
const requestsOf = (batch: DecodedRows): Request[] =>
  unitOf(batch, 'request').flatMap(({ request: one }) => one ?? [])

const NGINX = {
  profiles: [
    {
      use: 'nginx',
      where: { service: 'edge' },
      routes: { '/preview*': 'preview' },
      targets: { '10.0.1.*': 'cloud-eu', '10.0.2.*': 'edge-local' },
    },
  ],
}
const ACCESS = {
  time: NOW_MS / 1_000,
  service: 'edge',
  host: 'edge-1',
  request_id: 'r1',
  request: 'POST /preview?seed=7 HTTP/1.1',
  status: '200',
  request_time: '1.5',
  upstream_addr: '10.0.1.7:80, 10.0.2.7:80',
  upstream_status: '503, 200',
  upstream_response_time: '0.5, 1.0',
}

describe('access log lines', () => {
  test('become rows of attempts and requests, beside those of the records', () => {
    const batch = decode(decoderOf(NGINX), { ...ndjsonOf([ACCESS]), ...at })
    const served = {
      ...{ Route: 'preview', Router: 'edge-1', RequestId: 'r1', TraceId: '' },
      ...{ Images: 1, Weight: 1, ReceivedAt: '1768140000.000' },
    }
    expect(rowsOf(batch, 'signalbox_attempts')).toMatchObject([
      {
        ...{ ...served, Target: 'cloud-eu', Role: 'primary', Outcome: 'failed', StatusCode: 503 },
        ...{ Timestamp: '1768139998.500000000', EndTime: '1768139999.000000000' },
      },
      {
        ...{ ...served, Target: 'edge-local', Role: 'fallback', Outcome: 'ok', StatusCode: 200 },
        ...{ Timestamp: '1768139999.000000000', EndTime: '1768140000.000000000' },
      },
    ])
    expect(rowsOf(batch, 'signalbox_requests')).toMatchObject([
      {
        ...{ ...served, Outcome: 'ok', FinalTarget: 'edge-local', FinalRole: 'fallback' },
        ...{ AttemptCount: 2, Timestamp: '1768139998.500000000' },
      },
    ])
    const spanIds = rowsOf(batch, 'signalbox_attempts').map(({ SpanId }) => SpanId)
    expect(new Set([...spanIds, '']).size).toBe(3)
    expect(rowsOf(batch, 'otel_logs')).toHaveLength(1)
    expect(batch.rowCount).toBe(4)
    expect(batch.itemCount).toBe(1)
  })

  test('become observations whose source is a router, as is the record itself', () => {
    const batch = decode(decoderOf(NGINX), { ...ndjsonOf([ACCESS]), ...at })
    const source = { id: 'edge-1', component: 'router' }
    expect(batch.observations.map(({ unit }) => unit)).toEqual([
      'log',
      ...['attempt', 'attempt', 'request'],
    ])
    for (const one of batch.observations) expect(one.source).toEqual(source)
    const [failed, ok] = unitOf(batch, 'attempt')
    const read = (key: string) => [failed?.field(key), ok?.field(key)]
    expect(read('target')).toEqual(['cloud-eu', 'edge-local'])
    expect(read('role')).toEqual(['primary', 'fallback'])
    expect(read('outcome')).toEqual(['failed', 'ok'])
    expect(read('router')).toEqual(['edge-1', 'edge-1'])
    expect(read('duration')).toEqual([500, 1_000])
    expect(read('http.response.status_code')).toEqual([503, 200])
    expect(read('request_time')).toEqual(['1.5', '1.5'])
    expect([failed?.atUnixMs, ok?.atUnixMs]).toEqual([NOW_MS - 1_000, NOW_MS])
    const [ended] = unitOf(batch, 'request')
    expect(['target', 'attempt_count', 'request_id'].map((key) => ended?.field(key))).toEqual([
      'edge-local',
      2,
      'r1',
    ])
    expect(ended?.once).toBeUndefined()
  })

  test('of a service that no profile is for stay what they are', () => {
    const batch = decode(decoderOf(NGINX), {
      ...ndjsonOf([{ ...ACCESS, service: 'other' }]),
      ...at,
    })
    expect(batch.observations.map(({ unit, source }) => [unit, source.component])).toEqual([
      ['log', 'other'],
    ])
    expect(batch.rowCount).toBe(1)
  })

  test('leave no row when the request is given back', () => {
    const decoder = decoderOf(NGINX)
    const result = decoder.decode({ ...ndjsonOf([ACCESS]), ...at })
    if (result.status === 'ok') result.batch.discard()
    expect(decoder.seal()).toEqual([])
  })

  test('without a request id are each a request of its own, or that of their trace', () => {
    const { request_id: _, ...anonymous } = ACCESS
    const traceId = newTraceId()
    const lines = [anonymous, anonymous, { ...anonymous, trace_id: traceId }]
    const batch = decode(decoderOf(NGINX), { ...ndjsonOf(lines), ...at })
    const ids = attemptsOf(batch).map(({ requestId }) => requestId)
    expect(requestsOf(batch).map(({ requestId }) => requestId)).toEqual([ids[0], ids[2], traceId])
    expect([ids[1], ids[3], ids[5]]).toEqual([ids[0], ids[2], ids[4]])
    expect(new Set(ids).size).toBe(3)
    expect(ids).not.toContain('')
  })

  test('say who asked for what by the usual attributes', () => {
    const line = { ...ACCESS, 'signalbox.tier': 'free', 'gen_ai.request.model': 'sdxl' }
    const [attempt] = attemptsOf(decode(decoderOf(NGINX), { ...ndjsonOf([line]), ...at }))
    expect(attempt).toMatchObject({ tier: 'free', model: 'sdxl' })
  })

  test('that say nothing of who sent them are of a router without a name', () => {
    const { host: _, service: __, ...line } = ACCESS
    const [profile] = NGINX.profiles
    const decoder = decoderOf({ profiles: [{ ...profile, where: {} }] })
    const [attempt] = attemptsOf(decode(decoder, { ...ndjsonOf([line]), ...at }))
    expect(attempt?.router).toBe('unnamed')
  })
})

const HTTP = {
  profiles: [
    {
      use: 'otel-http',
      routes: { '/v1/preview': 'preview' },
      targets: { 'eu.gpu.example': 'cloud-eu', 'us.gpu.example': 'edge-local' },
    },
  ],
}
const GATEWAY = { 'service.name': 'shop', 'service.instance.id': 'shop-1' }
const method = { 'http.request.method': 'POST' }
const [traceId, rootId] = [newTraceId(), newSpanId()]
const root: SpanInput = {
  ...{ traceId, spanId: rootId, name: 'POST', kind: 'server', startMs: NOW_MS - 900 },
  ...{ durationMs: 900, attributes: { ...method, 'url.path': '/v1/preview' } },
} as const
const middle = { traceId, spanId: newSpanId(), parentSpanId: rootId, startMs: NOW_MS - 800 }
const call = (host: string, more: object = {}) => {
  const attributes = { ...method, 'server.address': host }
  const made = { traceId, spanId: newSpanId(), parentSpanId: middle.spanId, attributes }
  return { ...made, name: 'POST', kind: 'client', startMs: NOW_MS - 700, ...more } as const
}
const spansOf = (spans: Parameters<typeof traces>[1], resource: object = GATEWAY) =>
  request('traces', traces(resource as never, spans), at)

describe('spans', () => {
  test('take the route of the request above them, and judge it', () => {
    const failing = call('eu.gpu.example', { error: true })
    const batch = decode(decoderOf(HTTP), spansOf([root, middle, failing]))
    expect(attemptsOf(batch)).toMatchObject([
      {
        route: 'preview',
        target: 'cloud-eu',
        role: 'primary',
        outcome: 'failed',
        router: 'shop-1',
      },
    ])
    expect(requestsOf(batch)).toMatchObject([
      { route: 'preview', outcome: 'failed', attemptCount: 1, finalTarget: '', requestId: traceId },
    ])
    expect(batch.rowCount).toBe(5)
    expect(batch.observations.every(({ source }) => source.component === 'router')).toBe(true)
  })

  test('of earlier batches count in the outcome of their request', () => {
    const decoder = decoderOf(HTTP)
    decode(decoder, spansOf([call('eu.gpu.example', { error: true })]))
    decode(decoder, spansOf([call('us.gpu.example', { startMs: NOW_MS - 400 })]))
    const [ended] = requestsOf(decode(decoder, spansOf([root])))
    expect(ended).toMatchObject({ outcome: 'ok', attemptCount: 2, finalTarget: 'edge-local' })
  })

  test('that come after their request take its route too', () => {
    const decoder = decoderOf(HTTP)
    decode(decoder, spansOf([root]))
    const [attempt] = attemptsOf(decode(decoder, spansOf([call('eu.gpu.example')])))
    expect(attempt).toMatchObject({ route: 'preview', role: 'primary' })
  })

  test('of another router in the same trace are not of this request', () => {
    const decoder = decoderOf(HTTP)
    const other = { 'service.name': 'inner', 'service.instance.id': 'inner-1' }
    decode(decoder, spansOf([call('eu.gpu.example', { error: true })], other))
    expect(requestsOf(decode(decoder, spansOf([root])))).toMatchObject([
      { outcome: 'ok', attemptCount: 0 },
    ])
  })

  test('of whom no rule wants cost nothing and are not looked at', () => {
    const [profile] = HTTP.profiles
    const decoder = decoderOf({ profiles: [{ ...profile, where: { service: 'edge' } }] })
    const batch = decode(decoder, spansOf([root, middle, call('eu.gpu.example')]))
    expect([attemptsOf(batch), requestsOf(batch), batch.rowCount]).toEqual([[], [], 3])
  })

  test('that say themselves what they are are not mapped as well', () => {
    const own = { 'signalbox.route': 'preview', 'signalbox.target': 'cloud-eu' }
    const span = call('us.gpu.example', { attributes: { ...method, ...own } })
    const mine = { ...root, attributes: { ...root.attributes, 'signalbox.route': 'preview' } }
    for (const component of [{}, { 'signalbox.component': 'router' }]) {
      const batch = decode(decoderOf(HTTP), spansOf([mine, span], { ...GATEWAY, ...component }))
      expect(attemptsOf(batch)).toMatchObject([{ target: 'cloud-eu', outcome: 'ok' }])
      expect(requestsOf(batch)).toMatchObject([{ finalTarget: 'cloud-eu', attemptCount: 1 }])
      expect(batch.rowCount).toBe(4)
    }
  })

  test('of a sampled trace weigh what they stand for', () => {
    const sampled = { ...call('eu.gpu.example'), traceState: 'ot=th:8' }
    const batch = decode(decoderOf(HTTP), spansOf([sampled]))
    expect(rowsOf(batch, 'signalbox_attempts')).toMatchObject([{ Weight: 2 }])
    expect(unitOf(batch, 'attempt')[0]).toMatchObject({ weight: 2 })
  })

  test('that are delivered twice are known by their key', () => {
    const span = call('eu.gpu.example')
    const one = unitOf(decode(decoderOf(HTTP), spansOf([span])), 'attempt')[0]
    expect(one?.once).toBe(identityOf(`${traceId}/${span.spanId}`))
  })
})

const LITELLM = {
  profiles: [
    {
      use: 'litellm',
      routes: { sd: 'preview' },
      targets: { 'https://eu.gpu.example*': 'cloud-eu' },
    },
  ],
}

describe('a request that names a target', () => {
  const told: SpanInput = {
    ...{ name: 'Received Proxy Server Request', kind: 'server', startMs: NOW_MS - 500 },
    error: true,
    attributes: {
      ...{ 'litellm.model_group': 'sd', 'http.response.status_code': 429 },
      hidden_params: '{"api_base": "https://eu.gpu.example/v1"}',
    },
  } as const
  const one: SpanInput = {
    ...{ name: 'litellm_request', kind: 'internal', startMs: NOW_MS - 500 },
    attributes: {
      'gen_ai.request.model': 'sd',
      hidden_params: '{"api_base": "https://eu.gpu.example/v1"}',
    },
  } as const

  test('is its own attempt where its router sends none', () => {
    const batch = decode(decoderOf(LITELLM), spansOf([told]))
    expect(attemptsOf(batch)).toMatchObject([
      { target: 'cloud-eu', role: 'primary', outcome: 'failed', statusCode: 429 },
    ])
    expect(requestsOf(batch)).toMatchObject([{ outcome: 'failed', attemptCount: 1 }])
  })

  test('is none where its router sends attempts', () => {
    const decoder = decoderOf(LITELLM)
    decode(decoder, spansOf([one]))
    const batch = decode(decoder, spansOf([told]))
    expect(attemptsOf(batch)).toEqual([])
    expect(requestsOf(batch)).toMatchObject([{ outcome: 'rejected', attemptCount: 0 }])
  })
})

describe('a counter', () => {
  const decoder = decoderOf({
    profiles: [{ use: 'envoy', on: ['metrics'], route: 'preview', targets: { sd_eu: 'cloud-eu' } }],
  })
  const labels = { envoy_cluster_name: 'sd_eu', envoy_response_code: '503' }
  const point = (value: number, atMs: number, more: object = {}) => {
    const points = [{ atMs, value, attributes: { ...labels, ...more } }]
    const sum = { name: 'envoy_cluster_upstream_rq', kind: 'sum', points } as const
    return decode(decoder, request('metrics', metrics({ 'service.name': 'mesh' }, [sum]), at))
  }

  test('that grew by five is one row and one observation of five', () => {
    expect(attemptsOf(point(100, NOW_MS - 15_000))).toEqual([])
    const batch = point(105, NOW_MS)
    expect(rowsOf(batch, 'signalbox_attempts')).toMatchObject([
      {
        ...{ Target: 'cloud-eu', Outcome: 'failed', StatusCode: 503, Weight: 5, Router: 'mesh' },
        ...{ Timestamp: '1768139985.000000000', EndTime: '1768140000.000000000' },
      },
    ])
    expect(unitOf(batch, 'attempt')).toMatchObject([
      { weight: 5, count: 5, source: { id: 'mesh', component: 'router' } },
    ])
  })

  test('is one series by its attributes, in any order, and another by others', () => {
    expect(attemptsOf(point(1_000, NOW_MS + 1, { pod: 'b' }))).toEqual([])
    const attributes = { pod: 'b', envoy_response_code: '503', envoy_cluster_name: 'sd_eu' }
    const points = [{ atMs: NOW_MS + 2, value: 1_002, attributes }]
    const sum = { name: 'envoy_cluster_upstream_rq', kind: 'sum', points } as const
    const otlp = request('metrics', metrics({ 'service.name': 'mesh' }, [sum]), at)
    expect(attemptsOf(decode(decoder, otlp))).toMatchObject([{ weight: 2 }])
  })

  test('does not count what a bad request held', () => {
    const fresh = request(
      'metrics',
      metrics({ 'service.name': 'mesh' }, [
        {
          name: 'envoy_cluster_upstream_rq',
          kind: 'sum',
          points: [{ atMs: NOW_MS + 9, value: 900, attributes: labels }],
        },
      ]),
      at,
    )
    const body = Buffer.concat([fresh.body, Buffer.from([0xff])])
    expect(decoder.decode({ ...fresh, body }).status).toBe('bad')
    expect(attemptsOf(point(107, NOW_MS + 10))).toMatchObject([{ weight: 2 }])
  })
})

test('retries that are only counted weigh as many, and are no duplicate of the attempt', () => {
  const rule = {
    ...{ on: 'spans', unit: 'attempt', where: { service: 'shop' }, route: 'preview' },
    ...{ target: 'cloud-eu', retries: { from: 'n', match: '(\\d+)' } },
  }
  const batch = decode(decoderOf({ map: [rule] }), spansOf([{ ...middle, attributes: { n: '3' } }]))
  const [retries, attempt] = unitOf(batch, 'attempt')
  expect([retries?.count, retries?.weight, retries?.field('error.type')]).toEqual([3, 3, 'retried'])
  expect([attempt?.count, attempt?.weight]).toEqual([undefined, 1])
  expect(retries?.once).not.toBe(attempt?.once)
})

test('log records of one request are joined by its id, whatever batch they come in', () => {
  const shared = { on: 'logs', route: { from: 'route' }, request_id: { from: 'id' } }
  const decoder = decoderOf({
    map: [
      {
        ...shared,
        unit: 'attempt',
        where: { kind: 'try' },
        target: { from: 'to' },
        status_code: { from: 's' },
      },
      { ...shared, unit: 'request', where: { kind: 'end' }, duration: { from: 'ms', unit: 'ms' } },
    ],
  })
  const record = (attributes: object, atMs: number) =>
    request(
      'logs',
      logs({ 'service.name': 'edge' }, [
        { atMs, attributes: { route: 'preview', id: 'r1', ...attributes } },
      ]),
      at,
    )
  decode(decoder, record({ kind: 'try', to: 'cloud-eu', s: 503 }, NOW_MS - 200))
  decode(decoder, record({ kind: 'try', to: 'edge-local', s: 200 }, NOW_MS - 100))
  const batch = decode(decoder, record({ kind: 'end', ms: 300 }, NOW_MS))
  expect(requestsOf(batch)).toMatchObject([
    { outcome: 'ok', attemptCount: 2, finalTarget: 'edge-local', finalRole: 'fallback' },
  ])
})
