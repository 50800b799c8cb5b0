import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import {
  encode,
  logs,
  newSpanId,
  newTraceId,
  type SpanInput,
  traces,
} from '../decode/otlp-builder.ts'
import { newFolder, type Served, serve } from './served.ts'

// The real server, real sockets, the real database: what is sent twice counts once, what is private
// is nowhere. One server for all of it; each test has its own route, or mark, by which it is counted.

const RULES = `
schema: signalbox.rules/v1
rules:
  - { id: seen, kind: count, on: attempts, by: [route], window: 1h, trip: { at_least: 1000 } }
`

let served: Served
beforeAll(async () => {
  const alertsDir = newFolder()
  mkdirSync(join(alertsDir, 'rules'))
  writeFileSync(join(alertsDir, 'rules', 'seen.yaml'), RULES)
  served = await serve({ alertsDir, env: { SIGNALBOX_TELEMETRY_PRIVACY_HASH: '[session.id]' } })
})
afterAll(async () => {
  if (served.child.exitCode === null) await served.end()
})

const ROUTER = {
  'service.name': 'router',
  'service.instance.id': 'router-1',
  'signalbox.component': 'router',
}
const TYPES = { protobuf: 'application/x-protobuf', json: 'application/json' } as const

function failures(count: number, route: string): SpanInput[] {
  return Array.from({ length: count }, (_, index) => ({
    traceId: newTraceId(),
    spanId: newSpanId(),
    kind: 'client' as const,
    startMs: Date.now() - 500 - index,
    attributes: { 'signalbox.route': route, 'signalbox.target': 'cloud-eu' },
    error: 'inference_failed',
  }))
}

type Encoding = keyof typeof TYPES
async function send(signal: string, body: Uint8Array, encoding: Encoding) {
  const answer = await fetch(`${served.addresses.otlp_http}/v1/${signal}`, {
    method: 'POST',
    headers: { 'content-type': TYPES[encoding] },
    body,
  })
  return answer.status
}

async function countOf(route: string): Promise<number | undefined> {
  const rule = (await (await served.get('/api/v1/rules/seen')).json()) as {
    groups: { by: { route: string }; count: number }[]
  }
  return rule.groups.find(({ by }) => by.route === route)?.count
}
const rowsOf = async (table: string, where: string) =>
  Number(
    (await served.sql<{ n: string }>(`SELECT count() AS n FROM ${table} WHERE ${where}`))[0]?.n,
  )
const metrics = async () => (await served.get('/metrics')).text()
const repeatedCount = async () =>
  Number(/repeated_total\{signal="traces"\} (\d+)/.exec(await metrics())?.[1] ?? 0)

test.for(['protobuf', 'json'] as const)('%s: the same bytes twice count once', async (encoding) => {
  const route = `twice-${encoding}`
  const body = encode('traces', traces(ROUTER, failures(60, route)), encoding)
  const repeatedBefore = await repeatedCount()
  const answers = await Promise.all([1, 2].map(() => send('traces', body, encoding)))
  answers.push(await send('traces', body, encoding))
  expect(answers).toEqual([200, 200, 200])
  expect(await countOf(route)).toBe(60)
  const spans = () => rowsOf('otel_traces', `SpanAttributes['signalbox.route'] = '${route}'`)
  await expect.poll(spans, { timeout: 15_000 }).toBe(60)
  const attempts = () => rowsOf('signalbox_attempts', `Route = '${route}'`)
  await expect.poll(attempts, { timeout: 15_000 }).toBe(60)
  expect(await repeatedCount()).toBe(repeatedBefore + 2)
})

test('the same spans inside other batches count once in rule windows', async () => {
  const spans = failures(60, 'batches')
  const other = { ...ROUTER, 'service.version': '2' }
  await send('traces', encode('traces', traces(ROUTER, spans), 'protobuf'), 'protobuf')
  await send('traces', encode('traces', traces(other, spans.slice(10)), 'json'), 'json')
  expect(await countOf('batches')).toBe(60)
})

const SECRET = 'xyzzy-a-cat-in-the-rain'
const CREDENTIAL = 'Bearer plugh-1234567890'
const PRIVATE = {
  'gen_ai.prompt': SECRET,
  'gen_ai.input.messages': [{ map: { role: 'user', content: SECRET } }],
  'http.request.header.authorization': [CREDENTIAL],
  image_url: `https://images/${SECRET}.png`,
  'session.id': 'person-anna',
}

/** Every file below a folder that has the text in it. */
function filesWith(dir: string, text: string): string[] {
  return unlessGone(() => readdirSync(dir, { withFileTypes: true }), []).flatMap((entry) => {
    const path = join(dir, entry.name)
    if (entry.isDirectory()) return filesWith(path, text)
    const hasText = () => entry.isFile() && readFileSync(path).includes(text)
    return unlessGone(hasText, false) ? [path] : []
  })
}

/** In between a part may be merged, or get its name. */
function unlessGone<T>(read: () => T, otherwise: T): T {
  try {
    return read()
  } catch (fault) {
    if ((fault as NodeJS.ErrnoException).code !== 'ENOENT') throw fault
    return otherwise
  }
}

const TEXTS = [SECRET, CREDENTIAL, 'person-anna']

test.for(['protobuf', 'json'] as const)('%s: what is private is on no disk', async (encoding) => {
  const { dataDir } = served
  const attributes = { ...PRIVATE, keep: `visible-${encoding}` }
  const event = { name: 'prompted', atMs: Date.now(), attributes: PRIVATE }
  const span = () => ({ startMs: Date.now() - 500, attributes, events: [event] })
  const spans = encode('traces', traces({ ...ROUTER, ...PRIVATE }, [span(), span()]), encoding)
  const records = [{ atMs: Date.now(), body: { map: PRIVATE }, attributes }]
  const lines = encode('logs', logs(ROUTER, records), encoding)
  expect(await send('traces', spans, encoding)).toBe(200)
  expect(await send('logs', lines, encoding)).toBe(200)
  // Still in the log, or just loaded.
  for (const text of TEXTS) expect(filesWith(dataDir, text)).toEqual([])
  const ofLogs = `LogAttributes['keep'] = 'visible-${encoding}'`
  const ofSpans = `SpanAttributes['keep'] = 'visible-${encoding}'`
  await expect.poll(() => rowsOf('otel_logs', ofLogs), { timeout: 15_000 }).toBe(1)
  await expect.poll(() => rowsOf('otel_traces', ofSpans), { timeout: 15_000 }).toBe(2)
  const stored = JSON.stringify([
    ...(await served.sql('SELECT * FROM otel_traces')),
    ...(await served.sql('SELECT * FROM otel_logs')),
  ])
  for (const text of TEXTS) expect(stored).not.toContain(text)
  const sessions = await served.sql<{ id: string; n: string }>(
    `SELECT SpanAttributes['session.id'] AS id, count() AS n FROM otel_traces WHERE ${ofSpans} GROUP BY id`,
  )
  expect(sessions).toEqual([{ id: expect.stringMatching(/^hmac:[0-9a-f]{32}$/), n: 2 }])
  expect(await metrics()).toMatch(/private_attributes_total\{action="drop",reason="prompt"\} [1-9]/)
})

test('nor is it when all is loaded and the server has ended', async () => {
  // The search itself finds what is there.
  expect(filesWith(served.dataDir, 'ATTACH TABLE')).not.toEqual([])
  await served.end()
  for (const text of TEXTS) expect(filesWith(served.dataDir, text)).toEqual([])
})
