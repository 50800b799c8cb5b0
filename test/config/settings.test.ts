import { createHash } from 'node:crypto'
import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { createMeanings } from '../../src/config/meanings.ts'
import { loadSettings } from '../../src/config/settings.ts'
import { createTimings } from '../../src/config/timings.ts'
import { createAuthorize } from '../../src/config/tokens.ts'
import { AppError } from '../../src/lib/errors.ts'

const folder = mkdtempSync(join(tmpdir(), 'signalbox-settings-'))
const write = (name: string, text: string) => {
  const file = join(folder, name)
  writeFileSync(file, text)
  return file
}

test('without file and variables the documented defaults hold', () => {
  expect(loadSettings({})).toMatchObject({
    data_dir: './data',
    host: '127.0.0.1',
    port: 8080,
    otlp_http_port: 4318,
    otlp_grpc_port: 4317,
    telemetry: { lateness: 10_000 },
    report: { theta: 0.95, quiet_for: 120_000 },
    retention: 90 * 86_400_000,
    log_bytes_max: 4 * 2 ** 30,
  })
})

test('a variable wins over the file, as YAML, with dots as underscores', () => {
  const file = write('a.yaml', 'port: 9000\nreport: { theta: 0.9, quiet_for: 60s }\n')
  const settings = loadSettings({
    SIGNALBOX_CONFIG: file,
    SIGNALBOX_REPORT_QUIET_FOR: '30s',
    SIGNALBOX_TELEMETRY_ATTRIBUTES: '{ route: [my.route] }',
    CLICKHOUSE_URL: 'http://user:secret@db:8123/signalbox',
  })
  expect(settings).toMatchObject({
    port: 9_000,
    report: { theta: 0.9, quiet_for: 30_000 },
    telemetry: { attributes: { route: ['my.route'] } },
    clickhouse_url: 'http://user:secret@db:8123/signalbox',
  })
})

test.for([
  { env: { SIGNALBOX_PORT: 'eighty' }, place: { file: 'SIGNALBOX_PORT', key: 'port' } },
  {
    env: { SIGNALBOX_REPORT_QUIET_FOR: '120' },
    place: {
      file: 'SIGNALBOX_REPORT_QUIET_FOR',
      message: 'expected a duration such as 250ms, 90s, 5m, 1h or 7d',
    },
  },
  { env: { SIGNALBOX_LOG_BYTES_MAX: '1000' }, place: { key: 'log_bytes_max' } },
  { env: { SIGNALBOX_LOG_BYTES_MAX: '4GiB' }, place: { file: 'SIGNALBOX_LOG_BYTES_MAX' } },
  { env: { CLICKHOUSE_URL: 'clickhouse:8123' }, place: { file: 'CLICKHOUSE_URL' } },
])('a wrong variable is named: $env', ({ env, place }) => {
  const fault = catchFault(() => loadSettings(env))
  expect(fault.places).toEqual([expect.objectContaining(place)])
})

test.for([
  { text: 'telemetry: { attributes: { rout: [x] } }', key: 'telemetry.attributes.rout', says: '' },
])('what would be ignored is refused: $text', ({ text, key, says }) => {
  const file = write('ignored.yaml', `${text}\n`)
  const { places } = catchFault(() => loadSettings({ SIGNALBOX_CONFIG: file }))
  expect(places).toEqual([{ file, line: 1, key, message: expect.stringContaining(says) as string }])
})

test('the attributes that name routers and workers can be changed, on the resource', () => {
  const telemetry = '{ route: [my.route], router: [my.pod], worker: [resource.my.gpu] }'
  const settings = loadSettings({ SIGNALBOX_TELEMETRY_ATTRIBUTES: telemetry })
  expect(createMeanings(settings)).toMatchObject({
    route: ['my.route'],
    instance: ['resource.my.pod', 'resource.my.gpu'],
    session: ['session.id', 'user.id', 'enduser.id'],
  })
})

test('privacy lists come from file or variables, and are strict', () => {
  const env = {
    SIGNALBOX_TELEMETRY_PRIVACY_DROP: '[lab.*]',
    SIGNALBOX_TELEMETRY_PRIVACY_HASH: '[a.id]',
  }
  expect(loadSettings(env).telemetry.privacy).toEqual({ drop: ['lab.*'], hash: ['a.id'] })
  expect(loadSettings({}).telemetry.privacy).toEqual({ drop: [], hash: [] })
  const fault = catchFault(() => loadSettings({ SIGNALBOX_TELEMETRY_PRIVACY_DROP: '["*"]' }))
  expect(fault.places[0]?.key).toBe('telemetry.privacy.drop.0')
})

test('limits of receiving come from file or variables, within bounds', () => {
  const off = { sender_max_rps: 0, sender_max_bytes_per_s: 0 }
  const defaults = { max_body_bytes: 64 * 2 ** 20, max_requests: 512, ...off }
  expect(loadSettings({}).receive).toEqual(defaults)
  const env = { SIGNALBOX_RECEIVE_MAX_BODY_BYTES: '4096', SIGNALBOX_RECEIVE_SENDER_MAX_RPS: '0.5' }
  const set = { ...defaults, max_body_bytes: 4_096, sender_max_rps: 0.5 }
  expect(loadSettings(env).receive).toEqual(set)
  const fault = catchFault(() => loadSettings({ SIGNALBOX_RECEIVE_MAX_REQUESTS: '0' }))
  expect(fault.places).toMatchObject([
    { file: 'SIGNALBOX_RECEIVE_MAX_REQUESTS', key: 'receive.max_requests' },
  ])
})

test('a wrong file is named with line and key', () => {
  const file = write('b.yaml', 'port: 1\nprot: 2\n')
  const fault = catchFault(() => loadSettings({ SIGNALBOX_CONFIG: file }))
  expect(fault.places).toEqual([expect.objectContaining({ file, line: 2, key: 'prot' })])
})

test('speed divides every built-in duration but what routers do once a second', () => {
  expect(createTimings(10)).toMatchObject({
    sourceSilentMs: 2_500,
    routerGoneMs: 3_000,
    impactBinMs: 1_000,
  })
})

test('a token is known by its hash, and may only do what its scopes say', () => {
  const hash = createHash('sha256').update('s3cret').digest('hex')
  const file = write('tokens.yaml', `- { name: grafana, hash: "sha256:${hash}", scopes: [read] }\n`)
  const authorize = createAuthorize(file)
  expect(authorize('Bearer s3cret', 'read')).toEqual({ status: 'ok', actor: 'grafana' })
  expect(authorize('Bearer s3cret', 'operate').status).toBe('forbidden')
  expect(authorize('Bearer other', 'read').status).toBe('unauthenticated')
  expect(authorize(undefined, 'read').status).toBe('unauthenticated')
  expect(createAuthorize(undefined)(undefined, 'admin')).toEqual({ status: 'ok', actor: 'local' })
})

function catchFault(run: () => unknown): AppError {
  try {
    run()
  } catch (fault) {
    if (fault instanceof AppError) return fault
  }
  throw new Error('expected an AppError')
}
