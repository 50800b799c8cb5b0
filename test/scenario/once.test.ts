import { readdirSync, readFileSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, expect, test } from 'vitest'
import {
  encode,
  logs,
  newSpanId,
  newTraceId,
  type SpanInput,
  traces,
} from '../decode/otlp-builder.ts'
import { newFolder, type Served, type ServeOptions, serve } from './served.ts'

// The real server, real sockets, the real database: what is sent twice counts once, what is private
// is nowhere.

const running: Served[] = []
afterEach(async () => {
  for (const served of running.splice(0)) if (served.child.exitCode === null) await served.end()
})
async function start(options: ServeOptions = {}): Promise<Served> {
  const served = await serve(options)
  running.push(served)
  return served
}

const ROUTER = {
  'service.name': 'router',
  'service.instance.id': 'router-1',
  'signalbox.component': 'router',
}
const TYPES = { protobuf: 'application/x-protobuf', json: 'application/json' } as const

function failures(count: number): SpanInput[] {
  return Array.from({ length: count }, (_, index) => ({
    traceId: newTraceId(),
    spanId: newSpanId(),
    kind: 'client' as const,
    startMs: Date.now() - 500 - index,
    attributes: { 'signalbox.route': 'preview', 'signalbox.target': 'cloud-eu' },
    error: 'inference_failed',
  }))
}

type Encoding = keyof typeof TYPES
async function send(served: Served, [signal, body, encoding]: [string, Uint8Array, Encoding]) {
  const answer = await fetch(`${served.addresses.otlp_http}/v1/${signal}`, {
    method: 'POST',
    headers: { 'content-type': TYPES[encoding] },
    body,
  })
  return answer.status
}

async function countOf(served: Served): Promise<number | undefined> {
  const rule = (await (await served.get('/api/v1/rules/primary-failing')).json()) as {
    groups: { count: number }[]
  }
  return rule.groups[0]?.count
}
const rowsOf = async (served: Served, table: string) =>
  Number((await served.sql<{ n: string }>(`SELECT count() AS n FROM ${table}`))[0]?.n)

test.for(['protobuf', 'json'] as const)('%s: the same bytes twice count once', async (encoding) => {
  const served = await start()
  const body = encode('traces', traces(ROUTER, failures(60)), encoding)
  const answers = await Promise.all([1, 2].map(() => send(served, ['traces', body, encoding])))
  answers.push(await send(served, ['traces', body, encoding]))
  expect(answers).toEqual([200, 200, 200])
  expect(await countOf(served)).toBe(60)
  await expect.poll(() => rowsOf(served, 'otel_traces'), { timeout: 15_000 }).toBe(60)
  await expect.poll(() => rowsOf(served, 'signalbox_attempts'), { timeout: 15_000 }).toBe(60)
  const metrics = await (await served.get('/metrics')).text()
  expect(metrics).toContain('signalbox_receive_repeated_total{signal="traces"} 2')
})

test('the same spans inside other batches count once in rule windows', async () => {
  const served = await start()
  const spans = failures(60)
  const other = { ...ROUTER, 'service.version': '2' }
  await send(served, ['traces', encode('traces', traces(ROUTER, spans), 'protobuf'), 'protobuf'])
  await send(served, ['traces', encode('traces', traces(other, spans.slice(10)), 'json'), 'json'])
  expect(await countOf(served)).toBe(60)
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

/** Every file below a folder that can be read, with its bytes. */
function filesWith(dir: string, text: string): string[] {
  return (readdirSync(dir, { recursive: true, encoding: 'utf8' }) as string[]).filter((name) => {
    try {
      return statSync(join(dir, name)).isFile() && readFileSync(join(dir, name)).includes(text)
    } catch {
      // Gone in between: a part that was merged.
      return false
    }
  })
}

test.for(['protobuf', 'json'] as const)('%s: what is private is on no disk', async (encoding) => {
  const dataDir = newFolder()
  const env = { SIGNALBOX_TELEMETRY_PRIVACY_HASH: '[session.id]' }
  const served = await start({ dataDir, env })
  const event = { name: 'prompted', atMs: Date.now(), attributes: PRIVATE }
  const span = () => ({ startMs: Date.now() - 500, attributes: PRIVATE, events: [event] })
  const spans = encode('traces', traces({ ...ROUTER, ...PRIVATE }, [span(), span()]), encoding)
  const records = [
    { atMs: Date.now(), body: { map: PRIVATE }, attributes: { ...PRIVATE, keep: 'visible' } },
  ]
  const lines = encode('logs', logs(ROUTER, records), encoding)
  expect(await send(served, ['traces', spans, encoding])).toBe(200)
  expect(await send(served, ['logs', lines, encoding])).toBe(200)
  // Still in the log, or just loaded.
  for (const text of [SECRET, CREDENTIAL, 'person-anna'])
    expect(filesWith(dataDir, text)).toEqual([])
  await expect.poll(() => rowsOf(served, 'otel_logs'), { timeout: 15_000 }).toBe(1)
  await expect.poll(() => rowsOf(served, 'otel_traces'), { timeout: 15_000 }).toBe(2)
  const stored = JSON.stringify([
    ...(await served.sql('SELECT * FROM otel_traces')),
    ...(await served.sql('SELECT * FROM otel_logs')),
  ])
  for (const text of [SECRET, CREDENTIAL, 'person-anna']) expect(stored).not.toContain(text)
  expect(stored).toContain('visible')
  const sessions = await served.sql<{ id: string; n: string }>(
    "SELECT SpanAttributes['session.id'] AS id, count() AS n FROM otel_traces GROUP BY id",
  )
  expect(sessions).toEqual([{ id: expect.stringMatching(/^hmac:[0-9a-f]{32}$/), n: 2 }])
  const metrics = await (await served.get('/metrics')).text()
  expect(metrics).toMatch(/private_attributes_total\{action="drop",reason="prompt"\} [1-9]/)
  await served.end()
  for (const text of [SECRET, CREDENTIAL, 'person-anna'])
    expect(filesWith(dataDir, text)).toEqual([])
})
