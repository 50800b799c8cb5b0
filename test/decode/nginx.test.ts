import { readFileSync } from 'node:fs'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { brief, mapperOf, readNdjsonLines, readOtlp } from './mappable.ts'
import { ask, createStage, type Neighbour, type Stage } from './neighbours.ts'
import { logs, request } from './otlp-builder.ts'

// NGINX itself writes the records; nothing is made up.

let stage: Stage
let nginx: Neighbour
let json: string[]

const config = (dir: string, socketPath: string) => `
daemon off;
master_process off;
pid ${dir}/nginx.pid;
error_log stderr;
events { worker_connections 64; }
http {
  client_body_temp_path ${dir}/body;
  proxy_temp_path ${dir}/proxy;
  fastcgi_temp_path ${dir}/fastcgi;
  uwsgi_temp_path ${dir}/uwsgi;
  scgi_temp_path ${dir}/scgi;
  log_format signalbox escape=json
    '{"time":$msec,"service":"edge","request_id":"$request_id","request":"$request",'
    '"status":"$status","request_time":"$request_time","upstream_addr":"$upstream_addr",'
    '"upstream_status":"$upstream_status","upstream_response_time":"$upstream_response_time",'
    '"generation":"$http_x_signalbox_generation"}';
  log_format pairs '$remote_addr - $remote_user [$time_local] "$request" $status '
    '$body_bytes_sent "$http_referer" "$http_user_agent" rt=$request_time '
    'ua="$upstream_addr" us="$upstream_status" urt="$upstream_response_time"';
  log_format ingress '$remote_addr - $remote_user [$time_local] "$request" $status '
    '$body_bytes_sent "$http_referer" "$http_user_agent" $request_length $request_time '
    '[gpu-preview-80] [] $upstream_addr $upstream_response_length $upstream_response_time '
    '$upstream_status $request_id';
  access_log ${dir}/pairs.log pairs;
  access_log ${dir}/ingress.log ingress;
  # Written last: a line here says that the others have theirs.
  access_log ${dir}/json.log signalbox;
  upstream good { server ${stage.upstreams.good}; }
  upstream failing { server ${stage.upstreams.failing}; }
  upstream both {
    server ${stage.upstreams.failing} max_fails=0;
    server ${stage.upstreams.good} backup;
  }
  upstream dead { server unix:${dir}/nobody.sock max_fails=1 fail_timeout=60s;
                  server unix:${dir}/nobody2.sock max_fails=1 fail_timeout=60s; }
  server {
    listen unix:${socketPath};
    location /preview/ok { proxy_pass http://good; }
    location /preview/failing { proxy_pass http://failing; }
    location /preview/rescued { proxy_pass http://both; proxy_next_upstream error http_503; }
    location /preview/dead { proxy_pass http://dead; }
    location /preview/redirected {
      proxy_pass http://failing; proxy_intercept_errors on; error_page 503 = @fallback;
    }
    location @fallback { proxy_pass http://good; }
    location /preview/hanging { proxy_pass http://${stage.upstreams.hanging}; }
    location /preview/refused { return 413; }
    location /healthz { return 200; }
  }
}
`

beforeAll(async () => {
  stage = await createStage()
  nginx = await stage.start({
    command: 'nginx',
    config,
    args: (file, dir) => ['-p', dir, '-c', file, '-e', 'stderr'],
    logFile: 'json.log',
  })
  const generation = { headers: { 'x-signalbox-generation': '3.57' } }
  expect(await ask(nginx, '/preview/ok?seed=7', generation)).toBe(200)
  expect(await ask(nginx, '/preview/failing')).toBe(503)
  expect(await ask(nginx, '/preview/rescued')).toBe(200)
  expect(await ask(nginx, '/preview/dead')).toBe(502)
  expect(await ask(nginx, '/preview/dead')).toBe(502)
  expect(await ask(nginx, '/preview/redirected')).toBe(200)
  await ask(nginx, '/preview/hanging', { leaveAfter: stage.upstreams.reached() })
  await nginx.lines(7)
  expect(await ask(nginx, '/preview/refused')).toBe(413)
  expect(await ask(nginx, '/healthz')).toBe(200)
  json = await nginx.lines(9)
})
afterAll(() => stage.stop())

const targets = () => ({
  [stage.upstreams.good]: 'edge-local',
  [stage.upstreams.failing]: 'cloud-eu',
  [stage.upstreams.hanging]: 'cloud-eu',
  'unix:*': 'cloud-us',
  dead: 'cloud-us',
})
const EXPECTED = [
  ['attempt preview edge-local ok 200', 'request preview edge-local ok 200'],
  ['attempt preview cloud-eu failed 503', 'request preview ? failed 503'],
  [
    'attempt preview cloud-eu failed 503',
    'attempt preview edge-local ok 200',
    'request preview edge-local ok 200',
  ],
  [
    'attempt preview cloud-us failed 502',
    'attempt preview cloud-us failed 502',
    'request preview ? failed 502',
  ],
  // No server is alive: the address is the group's name.
  ['attempt preview cloud-us failed 502', 'request preview ? failed 502'],
  [
    'attempt preview cloud-eu failed 503',
    'attempt preview edge-local ok 200',
    'request preview edge-local ok 200',
  ],
  ['attempt preview cloud-eu cancelled 499', 'request preview ? cancelled 499'],
  ['request preview ? rejected 413'],
  [],
]
const profile = () => ({
  use: 'nginx',
  where: { service: 'edge' },
  routes: { '/preview/*': 'preview' },
  targets: targets(),
})

test('JSON records give every try its target and outcome, and the request its own', () => {
  const mapper = mapperOf({ profiles: [profile()] })
  const mapped = readNdjsonLines(json).map((item) => mapper.map(item))
  expect(mapped.map(brief)).toEqual(EXPECTED)
  const [[attempt, first] = []] = mapped
  expect(attempt).toMatchObject({ generation: '3.57' })
  expect(attempt?.requestId).toMatch(/^[0-9a-f]{32}$/)
  expect(first?.requestId).toBe(attempt?.requestId)
  for (const [one, two, all] of [mapped[2] ?? [], mapped[5] ?? []]) {
    expect(one?.startUnixNs).toBe(all?.startUnixNs)
    expect(two?.startUnixNs).toBe(one?.endUnixNs)
    expect(all?.attemptCount).toBe(2)
  }
})

test('a service that the profile is not for costs nothing and maps nothing', () => {
  const mapper = mapperOf({ profiles: [profile()] })
  expect(mapper.mayMap('log', 'edge', '')).toBe(true)
  expect(mapper.mayMap('log', 'worker', '')).toBe(false)
  expect(mapper.mayMap('span', 'edge', 'GET')).toBe(false)
})

test('the same records as text with pairs behind, and unparsed JSON over OTLP, say the same', () => {
  const text = readFileSync(`${nginx.dir}/pairs.log`, 'utf8').trim().split('\n')
  const mapper = mapperOf({ profiles: [profile()] })
  const lines = text.map((log) => ({ log, service: 'edge' }))
  expect(readNdjsonLines(lines).map((item) => brief(mapper.map(item)))).toEqual(EXPECTED)
  const records = json.map((body) => ({ atMs: Date.now(), body }))
  const otlp = readOtlp(
    request('logs', logs({ 'service.name': 'edge' }, records), { receivedUnixMs: Date.now() }),
  )
  expect(otlp.map((item) => brief(mapper.map(item)))).toEqual(EXPECTED)
})

test('the format of ingress-nginx needs no routes: its service is the route', () => {
  const lines = readFileSync(`${nginx.dir}/ingress.log`, 'utf8')
  const mapper = mapperOf({
    profiles: [{ use: 'nginx', routes: { 'gpu-preview-80': 'preview' }, targets: targets() }],
  })
  const mapped = readNdjsonLines(
    lines
      .trim()
      .split('\n')
      .map((log) => ({ log })),
  ).map((item) => brief(mapper.map(item)))
  expect(mapped.slice(0, -1)).toEqual(EXPECTED.slice(0, -1))
  // All that came through this server is of that service, health checks too.
  expect(mapped.at(-1)).toEqual(['request preview ? ok 200'])
})
