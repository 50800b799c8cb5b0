import { expect, test } from 'vitest'
import { brief, mapperOf, readNdjsonLines, readOtlp } from './mappable.ts'
import { logs, metrics, request, type SpanInput, traces } from './otlp-builder.ts'

// Records, spans and counters as Envoy, Istio, LiteLLM and OpenTelemetry's HTTP instrumentations
// write them; NGINX and HAProxy run in tests of their own.

const NOW_MS = Date.UTC(2026, 0, 11, 14, 0, 0)
const otlp = { receivedUnixMs: NOW_MS }
const ROUTES = { '/preview*': 'preview', 'preview-route': 'preview' }
const TARGETS = { 'outbound|80||sd-eu.*': 'cloud-eu', sd_eu: 'cloud-eu', '10.0.1.*': 'cloud-eu' }

const envoy = (more: object = {}) =>
  mapperOf({ profiles: [{ use: 'envoy', routes: ROUTES, targets: TARGETS, ...more }] })
const PLAIN = (code: string, flags: string, host: string) =>
  `[2026-01-11T13:59:59.300Z] "POST /preview?seed=7 HTTP/2" ${code} ${flags} 154 0 226 100 "10.0.35.28" "python-httpx/0.27" "cc21d9b0-cf5c-432b-8c7e-98aeb7988cd2" "render" "${host}"`
const ISTIO = (code: string, flags: string, details: string) =>
  `[2026-01-11T13:59:59.300Z] "POST /img HTTP/1.1" ${code} ${flags} ${details} - "-" 154 91 226 - "-" "curl" "cc21d9b0-cf5c-432b-8c7e-98aeb7988cd2" "render:80" "-" outbound|80||sd-eu.gpu.svc.cluster.local - 10.96.3.1:80 10.0.35.28:58210 - preview-route`

test.for([
  [PLAIN('204', '-', 'tcp://10.0.1.7:8000'), 'cloud-eu ok 204', 'cloud-eu ok 204'],
  [PLAIN('200', 'UC', '10.0.1.7:8000'), 'cloud-eu failed 200', '? failed 200'],
  [PLAIN('0', 'DC', '10.0.1.7:8000'), 'cloud-eu cancelled', '? cancelled'],
  [PLAIN('504', 'UT,URX', '10.0.1.7:8000'), 'cloud-eu failed 504', '? failed 504'],
  [PLAIN('429', 'RL', '-'), undefined, '? rejected 429'],
  [ISTIO('503', 'UH', 'no_healthy_upstream'), 'cloud-eu failed 503', '? failed 503'],
  [ISTIO('413', '-', 'via_upstream'), 'cloud-eu rejected 413', '? rejected 413'],
  [ISTIO('503', 'UAEX', 'ext_authz_error'), undefined, '? failed 503'],
] as const)('Envoy as text: %s', ([log, attempt, request]) => {
  const mapped = readNdjsonLines([{ log }]).map((item) => brief(envoy().map(item)))
  const lines = attempt === undefined ? [] : [`attempt preview ${attempt}`]
  expect(mapped).toEqual([[...lines, `request preview ${request}`]])
})

const JSON_RECORD = {
  start_time: '2026-01-11T13:59:59.300Z',
  method: 'POST',
  path: '/preview?seed=7',
  response_code: 200,
  response_flags: '-',
  duration: 226,
  x_request_id: 'cc21d9b0',
  upstream_cluster: 'sd_eu',
  upstream_host: '10.0.1.7:8000',
  upstream_request_attempt_count: 3,
  date: NOW_MS / 1_000,
}

test('Envoy as JSON through an agent: retries are counted, and the record ends at its time', () => {
  const [item] = readNdjsonLines([JSON_RECORD])
  const mapped = item ? envoy().map(item) : []
  expect(brief(mapped)).toEqual([
    'attempt preview cloud-eu failed ×2',
    'attempt preview cloud-eu ok 200',
    'request preview cloud-eu ok 200',
  ])
  const { startUnixNs, endUnixNs, requestId, attemptCount } = mapped[2] ?? {}
  expect([startUnixNs, endUnixNs]).toEqual([ns(NOW_MS - 226), ns(NOW_MS)])
  expect([requestId, attemptCount]).toEqual(['cc21d9b0', 3])
})

test('Envoy over OTLP: the time of its own records is their start', () => {
  const { date: _, ...attributes } = JSON_RECORD
  const mapper = envoy({ where: { 'resource.log_name': 'ingress' } })
  const batch = logs({ log_name: 'ingress', cluster_name: 'edge' }, [
    { atMs: NOW_MS, attributes, body: '' },
  ])
  const [item] = readOtlp(request('logs', batch, otlp))
  const mapped = item ? mapper.map(item) : []
  expect(mapped.at(-1)).toMatchObject({ startUnixNs: ns(NOW_MS), endUnixNs: ns(NOW_MS + 226) })
  expect(readNdjsonLines([JSON_RECORD]).flatMap((one) => mapper.map(one))).toEqual([])
})

test('Envoy AI Gateway names its backend', () => {
  const record = { ...JSON_RECORD, route_name: 'preview-route', genai_backend_name: 'gpu/sd-eu' }
  const mapper = envoy({ targets: { 'gpu/sd-eu': 'cloud-eu' } })
  const [item] = readNdjsonLines([record])
  expect(brief(item ? mapper.map(item) : []).at(-1)).toBe('request preview cloud-eu ok 200')
})

const mapSpans = (mapper: ReturnType<typeof mapperOf>, spans: readonly SpanInput[]) =>
  readOtlp(request('traces', traces({ 'service.name': 'edge' }, spans), otlp)).map((item) =>
    brief(mapper.map(item)),
  )
/** Kind, name and attributes; `failed` has status ERROR. */
const span = (named: `${'server' | 'client' | 'internal'} ${string}`, attributes: object) => {
  const [kind = '', ...name] = named.split(' ')
  const made = { name: name.join(' '), kind, attributes, startMs: NOW_MS - 500 }
  return made as unknown as SpanInput
}
const failed = (given: SpanInput): SpanInput => ({ ...given, error: true })

test('Envoy spans: upstream spans are attempts, the ingress span is the request', () => {
  const shared = { component: 'proxy', 'upstream_cluster.name': 'sd_eu', upstream_cluster: 'sd_eu' }
  const spans = [
    failed(
      span('client router sd_eu egress', {
        ...shared,
        ...{ 'http.status_code': '503', response_flags: 'UF', 'signalbox.generation': '3.57' },
        ...{ upstream_address: '10.0.1.7:8000', error: 'true' },
      }),
    ),
    span('server ingress', {
      ...shared,
      ...{ 'http.url': 'https://render/preview?seed=7', 'http.status_code': '200' },
      ...{ response_flags: '-', 'guid:x-request-id': 'cc21d9b0' },
    }),
    span('client egress redis', { 'db.system': 'redis' }),
  ]
  expect(mapSpans(envoy({ on: ['spans'] }), spans)).toEqual([
    ['attempt ? cloud-eu failed 503'],
    ['request preview cloud-eu ok 200'],
    [],
  ])
  expect(mapSpans(envoy(), spans)).toEqual([[], [], []])
})

const litellm = (more: object = {}) =>
  mapperOf({
    profiles: [
      {
        use: 'litellm',
        routes: { 'sd-preview': 'preview' },
        targets: { 'https://eu.gpu.example*': 'cloud-eu', 'dep-7': 'edge-local' },
        ...more,
      },
    ],
  })

test.for([
  [
    'v1 with a span of its own',
    span('internal litellm_request', {
      'gen_ai.request.model': 'sd-preview',
      hidden_params: '{"model_id": "dep-7", "api_base": "http://10.0.2.1:8000"}',
    }),
    'attempt preview edge-local ok',
  ],
  [
    'v1 since 1.81, where the request tells all',
    failed(
      span('server Received Proxy Server Request', {
        ...{ 'litellm.model_group': 'sd-preview', 'gen_ai.request.model': 'stable-diffusion' },
        ...{ 'http.response.status_code': 500, 'error.code': '500' },
        hidden_params: '{"model_id": "x", "api_base": "https://eu.gpu.example/v1"}',
      }),
    ),
    'request preview cloud-eu failed 500',
  ],
  [
    'v2',
    failed(
      span('client image_generation sd-preview', {
        ...{ 'litellm.call_id': 'c', 'gen_ai.request.model': 'sd-preview' },
        ...{ 'server.address': 'https://eu.gpu.example', 'error.type': 'RateLimitError' },
        'error.code': '429',
      }),
    ),
    'attempt preview cloud-eu failed 429',
  ],
  [
    'v2, the request, by a path',
    span('server POST /v1/images/generations', {
      ...{ 'http.route': '/v1/images/generations', 'http.status_code': 200 },
    }),
    'request preview ? ok 200',
  ],
] as const)('LiteLLM %s', ([, given, line]) => {
  const mapper = litellm({ routes: { 'sd-preview': 'preview', '/v1/images/*': 'preview' } })
  expect(mapSpans(mapper, [given])).toEqual([[line]])
})

test('LiteLLM counters become so many attempts, with and without _total', () => {
  const mapper = litellm({ on: ['metrics'] })
  const labels = { requested_model: 'sd-preview', api_base: 'https://eu.gpu.example/v1' }
  const refused = {
    ...labels,
    ...{ exception_status: '400', exception_class: 'BadRequestError', model_id: 'dep-7' },
  }
  const ended = { requested_model: 'sd-preview', status_code: '503' }
  const at = (atMs: number, [ok = 0, bad = 0, all = 0]: readonly number[]) =>
    readOtlp(
      request(
        'metrics',
        metrics({ 'service.name': 'litellm' }, [
          counter('litellm_deployment_success_responses_total', labels, { atMs, value: ok }),
          counter('litellm_deployment_failure_responses', refused, { atMs, value: bad }),
          counter('litellm_proxy_total_requests_metric_total', ended, { atMs, value: all }),
        ]),
        otlp,
      ),
    ).flatMap((item) => brief(mapper.map(item)))
  expect(at(NOW_MS - 30_000, [100, 5, 7])).toEqual([])
  expect(at(NOW_MS - 15_000, [112, 6, 7])).toEqual([
    'attempt preview cloud-eu ok ×12',
    'attempt preview edge-local rejected 400',
  ])
  expect(at(NOW_MS, [112, 6, 9])).toEqual(['request preview ? failed 503 ×2'])
})

function counter(name: string, attributes: object, point: { atMs: number; value?: number }) {
  const points = [{ value: 0, ...point, attributes }]
  return { name, kind: 'sum', points } as Parameters<typeof metrics>[1][number]
}

test('plain HTTP spans: a request by its route, an attempt only where its host is listed', () => {
  const mapper = mapperOf({
    profiles: [
      {
        use: 'otel-http',
        routes: { '/v1/preview': 'preview' },
        targets: { 'eu.gpu.example': 'cloud-eu', '10.0.2.1:8000': 'edge-local' },
      },
    ],
  })
  const spans = [
    span('server POST', { 'http.request.method': 'POST', 'url.path': '/v1/preview' }),
    failed(
      span('client POST', {
        ...{ 'http.request.method': 'POST', 'server.address': 'eu.gpu.example' },
        ...{ 'error.type': 'timeout' },
      }),
    ),
    span('client POST', {
      ...{
        'http.method': 'POST',
        'http.url': 'http://u:p@10.0.2.1:8000/x',
        'http.status_code': 200,
      },
    }),
    span('client GET', { 'http.request.method': 'GET', 'server.address': 'auth.example' }),
    span('server GET', { 'http.request.method': 'GET', 'url.path': '/healthz' }),
    span('server work', { 'http.route': '/v1/preview' }),
  ]
  expect(mapSpans(mapper, spans)).toEqual([
    ['request preview ? ok'],
    ['attempt ? cloud-eu failed'],
    ['attempt ? edge-local ok 200'],
    [],
    [],
    [],
  ])
})

test('Envoy counters of clusters, where a route is named', () => {
  const mapper = envoy({ on: ['metrics'], route: 'preview' })
  const labels = { envoy_cluster_name: 'sd_eu', envoy_response_code: '503' }
  const at = (atMs: number, value: number) =>
    readOtlp(
      request(
        'metrics',
        metrics({}, [counter('envoy_cluster_upstream_rq', labels, { atMs, value })]),
        otlp,
      ),
    ).flatMap((item) => brief(mapper.map(item)))
  expect([at(NOW_MS - 15_000, 4), at(NOW_MS, 9)]).toEqual([
    [],
    ['attempt preview cloud-eu failed 503 ×5'],
  ])
})

function ns(unixMs: number): bigint {
  return BigInt(unixMs) * 1_000_000n
}
