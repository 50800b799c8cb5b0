import type { Profile } from './telemetry-map.ts'

// Any service that is instrumented by OpenTelemetry's HTTP conventions, old or new. A SERVER span is
// a request of its `http.route`; a CLIENT span is an attempt only where `targets:` lists whom it
// calls, since a service calls much besides its targets. Who names `signalbox.route` and
// `signalbox.target` itself needs no profile.

const STATUS = { from: ['http.response.status_code', 'http.status_code'] }
const SPAN = {
  on: 'spans' as const,
  generation: { from: 'signalbox.generation' },
  request_id: { from: 'signalbox.request.id' },
  status_code: STATUS,
  error_type: { from: 'error.type' },
}
const HOSTS = ['server.address', 'net.peer.name', 'peer.service', 'http.host']
const URLS = ['url.full', 'http.url']

export const OTEL_HTTP: Profile = {
  on: 'spans',
  rules: [
    {
      ...SPAN,
      unit: 'request',
      where: { kind: 'server' },
      unless: { ...absent('http.request.method'), ...absent('http.method') },
      route: [
        { from: ['signalbox.route', 'http.route'] },
        { from: ['url.path', 'http.target'], match: '^([^?]+)', table: {}, else: '' },
      ],
      target: { from: 'signalbox.target' },
    },
    {
      ...SPAN,
      unit: 'attempt',
      where: { kind: 'client' },
      unless: { ...absent('http.request.method'), ...absent('http.method') },
      route: { from: 'signalbox.route' },
      target: [
        { from: 'signalbox.target' },
        // With its port, then without.
        { from: URLS, match: '^\\w+://(?:[^/@]*@)?([^/?]+)', table: {}, else: '' },
        { from: HOSTS, table: {}, else: '' },
      ],
    },
  ],
}

function absent(name: string) {
  return { [name]: { exists: false } }
}
