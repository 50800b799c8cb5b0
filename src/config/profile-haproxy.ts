import type { Profile } from './telemetry-map.ts'

// HAProxy: `option httplog` lines as they are, or with names (a JSON log-format; the README shows
// one). A record names the server that had the last word; tries before it are only counted, after a
// `+` when the last of them went to another server. So a target is a backend, unless `targets:` says
// what `BACKEND/SERVER` is. What ended a session stands in the termination state (configuration
// manual, 8.5): first letter c or C the client, s or S the server, others the proxy.
// `<NOSRV>` is no server at all: a backend that is down counts as failing, a refusal (PR) as refused.

/** 8.2.3 of the manual; the date is when the request was accepted, `Ta` ends with the last byte. */
const HTTPLOG =
  ':\\d{1,5} \\[(?<accept_date>[^\\]]{10,40})\\] (?<frontend_name>\\S+) (?<backend_server>(?<backend_name>[^\\s/]+)/\\S+) (?<time_request>-?\\d+)/(?<time_queue>-?\\d+)/(?<time_connect>-?\\d+)/(?<time_response>-?\\d+)/\\+?(?<time_total>\\d+) (?<status>-?\\d+) \\+?\\d+ \\S+ \\S+ (?<termination_state>[-\\w]{4}) \\d+/\\d+/\\d+/\\d+/(?<retries>\\+?\\d+) \\d+/\\d+ .*?"(?<request>[^"]*)"?$'

const GONE = 'client_disconnected'

const RECORD = {
  on: 'logs' as const,
  parse: [HTTPLOG],
  fields: {
    backend_name: { from: ['backend_name', 'backend', 'be_name', 'haproxy.backend_name'] },
    termination_state: {
      from: ['termination_state', 't_state', 'tsc', 'ts', 'haproxy.termination_state'],
    },
  },
  route: [
    { from: ['signalbox.route', 'signalbox_route', 'route'] },
    { from: ['frontend_name', 'frontend', 'f_end'], match: '^([^~]+)' },
    {
      from: ['request_uri', 'uri', 'path', 'request', 'http_request'],
      match: '^(?:[A-Z]+ )?([^ ?]+)',
      table: {},
      else: '',
    },
  ],
  generation: { from: ['signalbox.generation', 'signalbox_generation', 'generation'] },
  request_id: { from: ['signalbox.request.id', 'unique_id', 'request_id', 'id'] },
  status_code: { from: ['status', 'status_code', 'http_status'], match: '^(\\d{3})$' },
  error_type: { from: 'termination_state', match: '^([cC])', table: { c: GONE, C: GONE } },
  duration: {
    from: ['time_total', 'time_active', 'Ta', 'ta', 'tt'],
    unit: 'ms' as const,
  },
}

export const HAPROXY: Profile = {
  on: 'logs',
  rules: [
    {
      ...RECORD,
      unit: 'attempt',
      where: { termination_state: { match: '^[-\\w]{2}' }, backend_name: { exists: true } },
      // Second letter R: still waiting for the request. L: the proxy answers itself, as asked to.
      // PT: a tarpit. No target was tried in any of these.
      unless: { termination_state: { match: '^(?:.R|L|PT)' } },
      target: [
        { from: ['signalbox.target', 'signalbox_target'] },
        { from: 'backend_server', table: {}, else: '' },
        { from: 'backend_name' },
      ],
      error: { termination_state: { match: '^[sSPRIDK]' } },
      after: { from: ['time_request', 'TR', 'tq'], unit: 'ms' },
      retries: { from: ['retries', 'rc', 'haproxy.connections.retries'], match: '(\\d+)' },
    },
    {
      ...RECORD,
      unit: 'request',
      where: { termination_state: { match: '^[-\\w]{2}' } },
      // A connection that closed before it asked for anything was no request.
      unless: { termination_state: { match: '^(?:L|[cC]R)' } },
      error: { termination_state: { match: '^[sSPRIDK]' } },
    },
  ],
}
