import type { Profile } from './telemetry-map.ts'

// NGINX: its access log as JSON (the README shows a format), as ingress-nginx writes it, or as
// `combined` with `key="value"` pairs behind it; and the spans of its OpenTelemetry module. The
// variables $upstream_addr, $upstream_status and $upstream_response_time list every try, `a, b` on
// one group of servers and `a : b` where an internal redirect began anew. A try that got no answer
// has `-` for a status, and the group's name for an address when no server was alive.

const REQUEST_LINE =
  '^(?<remote_addr>\\S+) - (?<remote_user>.*?) \\[(?<time_local>[^\\]]+)\\] "(?<request>[^"]*)" (?<status>\\d{3}) \\S+ "[^"]*" "[^"]*"'

/** Up to eight tries, which is more than `proxy_next_upstream_tries` of any sense. */
const list = (group: string, one: string) => `(?<${group}>${one}(?:(?:, | : )${one}){0,7})`

/** `log-format-upstream` of ingress-nginx, its default since 0.25. */
const INGRESS = [
  `${REQUEST_LINE} \\d+ (?<request_time>[\\d.]+)`,
  '\\[(?<proxy_upstream_name>[^\\]]*)\\] \\[[^\\]]*\\]',
  list('upstream_addr', '\\S{1,200}'),
  list('upstream_response_length', '[\\d-]{1,20}'),
  list('upstream_response_time', '[\\d.-]{1,20}'),
  list('upstream_status', '[\\d-]{1,3}'),
  '(?<request_id>\\w+)',
].join(' ')

/** `key="value"` or `key=value` anywhere behind; the empty half of the choice is "not there". */
const pair = (keys: string, group: string) =>
  `(?:(?=.*\\b(?:${keys})="?(?<${group}>[^"]*?)(?:"| \\w+=|$))|)`

const COMBINED = [
  REQUEST_LINE,
  pair('rt|request_time', 'request_time'),
  pair('ua|uaddr|upstream_addr', 'upstream_addr'),
  pair('us|ustatus|upstream_status', 'upstream_status'),
  pair('urt|upstream_response_time', 'upstream_response_time'),
  pair('rid|request_id', 'request_id'),
  pair('route', 'route'),
  pair('generation', 'generation'),
].join('')

const STATUS = ['status', 'http.response.status_code', 'code']
const ROUTE = [
  { from: ['signalbox.route', 'signalbox_route', 'route', 'proxy_upstream_name'] },
  {
    from: ['request_uri', 'uri', 'path', 'url.path', 'request'],
    match: '^(?:[A-Z]+ )?([^ ?]+)',
    table: {},
    else: '',
  },
]
const SPAN_PATH = {
  from: ['http.target', 'url.path', 'http.route'],
  match: '^([^?]+)',
  table: {},
  else: '',
}
const GENERATION = { from: ['signalbox.generation', 'signalbox_generation', 'generation'] }
const REQUEST_ID = {
  from: ['signalbox.request.id', 'request_id', 'req_id', 'http_x_request_id', 'x_request_id'],
}
const RECORD = {
  on: 'logs' as const,
  parse: [INGRESS, COMBINED],
  route: ROUTE,
  generation: GENERATION,
  request_id: REQUEST_ID,
  duration: { from: 'request_time', unit: 's' as const },
}

export const NGINX: Profile = {
  on: 'logs',
  rules: [
    {
      ...RECORD,
      unit: 'attempt',
      where: { upstream_addr: { exists: true } },
      each: {
        fields: ['upstream_addr', 'upstream_status', 'upstream_response_time'],
        split: ', | : ',
        duration: { from: 'upstream_response_time', unit: 's' },
      },
      target: { from: ['signalbox.target', 'signalbox_target', 'upstream_addr'] },
      // A client that leaves is told by the status of the request alone.
      status_code: [{ from: 'upstream_status' }, { from: 'status', match: '^(499)$' }],
      error: { upstream_status: { exists: false } },
    },
    {
      ...RECORD,
      unit: 'request',
      where: { status: { exists: true } },
      status_code: { from: STATUS },
    },
    {
      // ngx_otel_module and ngx_http_opentelemetry both make one SERVER span per request.
      on: 'spans',
      unit: 'request',
      where: { kind: 'server' },
      route: [{ from: ['signalbox.route'] }, SPAN_PATH],
      // With `otel_span_attr upstream_addr $upstream_addr`: the last of those that were tried.
      target: [
        { from: 'signalbox.target' },
        { from: ['upstream_addr', 'nginx.upstream_addr'], match: '([^ ,]+)$' },
      ],
      generation: GENERATION,
      request_id: REQUEST_ID,
      status_code: { from: ['http.response.status_code', 'http.status_code'] },
    },
  ],
}
