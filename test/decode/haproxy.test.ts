import { afterAll, beforeAll, expect, test } from 'vitest'
import { brief, mapperOf, readNdjsonLines } from './mappable.ts'
import { ask, createStage, type Neighbour, type Stage } from './neighbours.ts'

// HAProxy itself writes the records; nothing is made up.

let stage: Stage
let haproxy: Neighbour
let text: string[]
let json: string[]

// What the README tells people to log, in 2.6's words.
const JSON_FORMAT =
  '{"service":"edge","frontend_name":"%ft","backend_server":"%b/%s","backend_name":"%b",' +
  '"status":"%ST","termination_state":"%tsc","retries":"%rc","time_request":"%TR",' +
  '"time_total":"%Ta","request":"%[capture.req.method] %HP","unique_id":"%ID"}'

const config = (dir: string, socketPath: string) => `
global
  log stdout format raw local0
defaults
  mode http
  log global
  option httplog
  option abortonclose
  timeout connect 1s
  timeout client 5s
  timeout server 5s
  retries 2
frontend text
  bind unix@${socketPath}
  unique-id-format %[uuid()]
  http-request deny deny_status 403 if { path /refused }
  http-request redirect location /elsewhere if { path /moved }
  use_backend %[path,field(3,/)] if { path_beg /preview/ }
  default_backend good
frontend json
  bind unix@${dir}/json.sock
  unique-id-format %[uuid()]
  log-format '${JSON_FORMAT}'
  http-request deny deny_status 403 if { path /refused }
  http-request redirect location /elsewhere if { path /moved }
  use_backend %[path,field(3,/)] if { path_beg /preview/ }
  default_backend good
# A connection that asks for nothing is logged, so that trying the others would leave lines.
frontend ready
  no log
  bind unix@${dir}/ready.sock
  http-request return status 200
backend good
  server s1 ${stage.upstreams.good}
backend failing
  server s1 ${stage.upstreams.failing}
backend dead
  server s1 unix@${dir}/nobody.sock
backend rescued
  option redispatch 1
  balance first
  server s1 unix@${dir}/nobody.sock
  server s2 ${stage.upstreams.good}
backend gone
  server s1 ${stage.upstreams.good} disabled
backend breaking
  server s1 ${stage.upstreams.breaking}
backend hanging
  server s1 ${stage.upstreams.hanging}
`

// Which status is logged for a client that left depends on HAProxy's version.
const briefly = (mapped: Parameters<typeof brief>[0]) =>
  brief(mapped).map((line) => line.replace(/ cancelled \d+$/, ' cancelled'))

const PATHS = ['good', 'failing', 'dead', 'rescued', 'gone', 'breaking']

beforeAll(async () => {
  stage = await createStage()
  haproxy = await stage.start({
    command: 'haproxy',
    readySocket: 'ready.sock',
    config,
    args: (file) => ['-db', '-f', file],
  })
  let lineCount = 0
  const askAll = async (front: Neighbour) => {
    const before = lineCount
    for (const path of PATHS) {
      await ask(front, `/preview/${path}?seed=7`)
      await haproxy.lines(++lineCount)
    }
    await ask(front, '/preview/hanging', { leaveAfter: stage.upstreams.reached() })
    await haproxy.lines(++lineCount)
    expect(await ask(front, '/refused')).toBe(403)
    expect(await ask(front, '/moved')).toBe(302)
    lineCount += 2
    return (await haproxy.lines(lineCount)).slice(before, lineCount)
  }
  text = await askAll(haproxy)
  json = await askAll({ ...haproxy, socketPath: `${haproxy.dir}/json.sock` })
})
afterAll(() => stage.stop())

const expected = (rescued: readonly string[]) => [
  ['attempt preview good ok 200', 'request preview good ok 200'],
  ['attempt preview failing failed 503', 'request preview ? failed 503'],
  // Two retries were made after the first try.
  [
    'attempt preview dead failed ×2',
    'attempt preview dead failed 503',
    'request preview ? failed 503',
  ],
  rescued,
  // No server at all.
  ['attempt preview gone failed 503', 'request preview ? failed 503'],
  // The status had been sent when the server broke off.
  ['attempt preview breaking failed 200', 'request preview ? failed 200'],
  ['attempt preview hanging cancelled', 'request preview ? cancelled'],
  ['request preview ? rejected 403'],
  [],
]
const RESCUED = [
  'attempt preview rescued failed',
  'attempt preview rescued ok 200',
  'request preview rescued ok 200',
]

test('lines of httplog give backends as targets, with retries, and what the session ended by', () => {
  const profile = { use: 'haproxy', route: 'preview' }
  const mapper = mapperOf({ profiles: [profile] })
  const mapped = readNdjsonLines(text.map((log) => ({ log }))).map((item) => mapper.map(item))
  expect(mapped.map(briefly)).toEqual(expected(RESCUED))
  expect(mapped[0]?.[0]?.ending.durationMs).toBeGreaterThanOrEqual(0)
  expect(mapped[3]?.at(-1)).toMatchObject({ attemptCount: 2 })
})

test('a JSON format says the same, and a server may be a target of its own', () => {
  const targets = { 'good/s1': 'cloud-eu', 'rescued/*': 'edge-local', gone: 'cloud-us' }
  const profile = { use: 'haproxy', routes: { json: 'preview' }, targets }
  const mapper = mapperOf({ profiles: [profile] })
  const mapped = readNdjsonLines(json).map((item) => mapper.map(item))
  const named = (line: string) =>
    line
      .replace(/ good /, ' cloud-eu ')
      .replace(/ rescued /, ' edge-local ')
      .replace(/ gone /, ' cloud-us ')
  expect(mapped.map(briefly)).toEqual(expected(RESCUED).map((lines) => lines.map(named)))
  expect(mapped[0]?.[0]?.requestId).toMatch(/^[0-9a-f-]{36}$/)
})
