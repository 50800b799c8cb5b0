import type { Profile } from './telemetry-map.ts'

// Envoy, and what is built on it (Istio, Envoy Gateway, Envoy AI Gateway): access logs as text in
// Envoy's or Istio's default format, as JSON, or over OTLP; spans; and the counters of clusters. An
// access-log record is one request and its last try; earlier ones are counted by
// %UPSTREAM_REQUEST_ATTEMPT_COUNT%, where that is logged. The default text format names no cluster:
// then the target is the upstream's address, or a `targets:` entry for it.

const START = '^\\[(?<start_time>[^\\]]+)\\] "(?<method>\\S+) (?<path>\\S+) (?<protocol>\\S+)"'
const CODE = '(?<response_code>\\d+) (?<response_flags>\\S+)'
const VOLUME = '(?<bytes_received>\\d+) (?<bytes_sent>\\d+) (?<duration>\\d+) \\S+'
const HEADERS =
  '"[^"]*" "[^"]*" "(?<x_request_id>[^"]*)" "(?<authority>[^"]*)" "(?<upstream_host>[^"]*)"'

/** Envoy: usage of access logging, "Default format string". */
const PLAIN = `${START} ${CODE} ${VOLUME} ${HEADERS}`
/** Istio: `EnvoyTextLogFormat`. */
const ISTIO = `${START} ${CODE} \\S+ .*?"[^"]*" ${VOLUME} ${HEADERS} (?<upstream_cluster>\\S+) \\S+ \\S+ \\S+ \\S+ (?<route_name>\\S+)`

// The request never got as far as an upstream: limited, denied, aborted by a fault filter, no route.
const NOT_TRIED = '(?:^|,)(?:RL|RLSE|UAEX|RFCF|FI|NR|DPE|IH|DO|DI|OM)(?:,|$)'
// The upstream's doing, even under a status of 200 that was sent before.
const FAILED = '(?:^|,)(?:UH|UF|UO|UT|UR|UC|LR|LH|URX|UPE|UMSDR|NC|SI|UDO|NFCF)(?:,|$)'

const CLUSTER = ['upstream_cluster', 'upstream_cluster.name', 'cluster_name', 'UPSTREAM_CLUSTER']
const STATUS = ['response_code', 'http.response.status_code', 'http.status_code']
const TARGET = [
  { from: ['signalbox.target', 'ai.backend', 'genai_backend_name', 'backend_name'] },
  { from: CLUSTER },
  { from: ['upstream_host', 'upstream_address'], match: '^(?:tcp://)?(.+)$' },
]
const ROUTE = [
  { from: ['signalbox.route', 'route_name', 'ROUTE_NAME', 'http.route'] },
  {
    from: ['path', 'x_envoy_origin_path', 'x-envoy-origin-path', 'url.path', 'http.target'],
    match: '^([^?]+)',
    table: {},
    else: '',
  },
  { from: ['http.url', 'url.full'], match: '^\\w+://[^/]+([^?]+)', table: {}, else: '' },
]
const NAMES = {
  route: ROUTE,
  generation: { from: ['signalbox.generation', 'signalbox_generation', 'x-signalbox-generation'] },
  request_id: {
    from: [
      'signalbox.request.id',
      'x_request_id',
      'x-request-id',
      'request_id',
      'guid:x-request-id',
    ],
  },
  status_code: { from: STATUS },
  response_flags: { from: ['response_flags', 'RESPONSE_FLAGS'] },
  error: { response_flags: { match: FAILED } },
}
const RECORD = {
  ...NAMES,
  on: 'logs' as const,
  parse: [ISTIO, PLAIN],
  fields: {
    response_code: { from: ['response_code', 'RESPONSE_CODE'] },
    response_flags: { from: ['response_flags', 'RESPONSE_FLAGS'] },
  },
  duration: { from: ['duration', 'DURATION', 'duration_ms'], unit: 'ms' as const },
}
const IS_RECORD = { response_code: { exists: true } }
const ATTEMPT = {
  ...RECORD,
  unit: 'attempt' as const,
  target: TARGET,
  unless: { response_flags: { match: NOT_TRIED } },
  retries: { from: ['upstream_request_attempt_count', 'attempt_count'], add: -1 },
}
const REQUEST_SPAN = { ...NAMES, on: 'spans' as const, unit: 'request' as const }
const IS_INGRESS = { kind: 'server', component: 'proxy' }
/** Envoy's own OTLP logger stamps records with the start of the request; agents with its end. */
const FROM_OTLP = { 'resource.log_name': { exists: true } }

export const ENVOY: Profile = {
  on: 'logs',
  rules: [
    { ...ATTEMPT, where: { ...IS_RECORD, ...FROM_OTLP }, time: 'start' },
    { ...ATTEMPT, where: IS_RECORD },
    { ...RECORD, unit: 'request', where: { ...IS_RECORD, ...FROM_OTLP }, time: 'start' },
    { ...RECORD, unit: 'request', where: IS_RECORD },
    {
      ...NAMES,
      on: 'spans',
      unit: 'attempt',
      target: TARGET,
      // With `spawn_upstream_span`: one per try, below the span of the request.
      where: { kind: 'client', upstream_cluster: { exists: true } },
      unless: { response_flags: { match: NOT_TRIED } },
    },
    // A request names its target, for Envoys that make no upstream spans, but only if one was tried.
    { ...REQUEST_SPAN, where: { ...IS_INGRESS, response_flags: { match: NOT_TRIED } } },
    { ...REQUEST_SPAN, where: IS_INGRESS, target: TARGET },
    {
      on: 'metrics',
      unit: 'attempt',
      where: { name: ['envoy_cluster_upstream_rq', 'envoy_cluster_upstream_rq_total'] },
      unless: { envoy_response_code: { exists: false } },
      route: { from: 'envoy_cluster_name', else: '' },
      target: { from: 'envoy_cluster_name' },
      status_code: { from: 'envoy_response_code' },
    },
  ],
}
