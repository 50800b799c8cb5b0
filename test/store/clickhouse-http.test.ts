import { gzipSync } from 'node:zlib'
import { createClient } from '@clickhouse/client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startDatabase, type TestDatabase } from './database.ts'

let database: TestDatabase
let base: URL
beforeAll(async () => {
  database = await startDatabase()
  base = new URL(database.url)
  await database.clickhouse.command(
    `CREATE TABLE things (id UInt64, name String DEFAULT 'none', at DateTime64(3)) ENGINE = MergeTree ORDER BY id`,
  )
})
afterAll(() => database.stop())

type Search = Record<string, string>
const urlOf = (search: Search) => `${base.origin}/?${new URLSearchParams(search)}`
const basic = () => ({
  authorization: `Basic ${Buffer.from(`${base.username}:${base.password}`).toString('base64')}`,
})
async function call(search: Search, init: RequestInit = {}) {
  const response = await fetch(urlOf({ database: 'signalbox', ...search }), {
    method: 'POST',
    ...init,
    headers: { ...basic(), ...init.headers },
  })
  const bytes = Buffer.from(await response.arrayBuffer())
  return { status: response.status, headers: response.headers, text: bytes.toString(), bytes }
}

test.for([
  { name: 'the URL', search: { query: 'SELECT 1 + 1' } },
  { name: 'the body', search: {}, body: 'SELECT 1 + 1' },
  { name: 'both, joined', search: { query: 'SELECT 1' }, body: '+ 1' },
  { name: 'a gzip body', search: {}, body: gzipSync('SELECT 1 + 1'), coding: 'gzip' },
  { name: 'the URL, ended by ;', search: { query: 'SELECT 2 ; -- done' } },
])('a query comes in $name', async ({ search, body, coding }) => {
  const init = { ...(body && { body }), ...(coding && { headers: { 'content-encoding': coding } }) }
  expect(await call(search, init)).toMatchObject({ status: 200, text: '2\n' })
})

test.for([
  { type: 'UInt8', value: '7', text: '7' },
  {
    type: 'String',
    value: "it's; \\\\ a \\t {tab:UInt8} -- 'x",
    text: "it's; \\ a \t {tab:UInt8} -- 'x",
  },
  { type: 'Array(String)', value: "['a','b\\'c']", text: "['a','b\\'c']" },
  { type: 'Nullable(String)', value: '\\N', text: '\\N' },
  { type: 'DateTime64(3)', value: '2026-01-11 14:26:37.312', text: '2026-01-11 14:26:37.312' },
  { type: 'Map(String, String)', value: "{'a':'b\\'c'}", text: "{'a':'b\\'c'}" },
])('a parameter of type $type is bound', async ({ type, value, text }) => {
  const result = await call({ query: `SELECT {p:${type}} FORMAT TSVRaw`, param_p: value })
  expect(result.text.trimEnd()).toBe(text)
})

test('parameters name tables, and are not looked for in strings and comments', async () => {
  const query =
    "SELECT '{x:UInt8}', count() /* {y:UInt8} */ FROM {db:Identifier}.{t:Identifier} -- {z:UInt8}"
  expect((await call({ query, param_db: 'system', param_t: 'one' })).text).toBe('{x:UInt8}\t1\n')
  const missing = await call({ query: 'SELECT {x:UInt8}' })
  expect(missing).toMatchObject({ status: 400, text: expect.stringContaining('Code: 456.') })
})

test.for([
  { format: 'JSONEachRow', text: '{"n":1}\n', type: 'application/x-ndjson' },
  { format: 'TSV', text: '1\n', type: 'text/tab-separated-values' },
  { format: 'CSVWithNames', text: '"n"\n1\n', type: 'text/csv' },
  { format: 'JSONCompact', text: undefined, type: 'application/json' },
  { format: 'Native', text: '\x01\x01\x01n\x05UInt8\x01', type: 'application/octet-stream' },
])('results come as $format, by clause and by default', async ({ format, text, type }) => {
  const clause = await call({ query: `SELECT 1 AS n FORMAT ${format}` })
  const byDefault = await call({ query: 'SELECT 1 AS n', default_format: format })
  for (const result of [clause, byDefault]) {
    expect(result.headers.get('x-clickhouse-format')).toBe(format)
    expect(result.headers.get('content-type')).toContain(type)
    if (text !== undefined) expect(result.text).toBe(text)
    else expect(JSON.parse(result.text)).toMatchObject({ rows: 1, data: [[1]] })
  }
})

test.for([
  { query: 'SELECT * FROM nope', status: 404, code: 60, name: 'UNKNOWN_TABLE' },
  { query: 'SELEC 1', status: 400, code: 62, name: 'SYNTAX_ERROR' },
  { query: 'SELECT 1; SELECT 2', status: 400, code: 62, name: 'SYNTAX_ERROR' },
  { query: 'SELECT nope', status: 404, code: 47, name: 'UNKNOWN_IDENTIFIER' },
  { query: 'SELECT 1 FORMAT Nope', status: 404, code: 73, name: 'UNKNOWN_FORMAT' },
  {
    query: 'SELECT throwIf(1)',
    status: 500,
    code: 395,
    name: 'FUNCTION_THROW_IF_VALUE_IS_NON_ZERO',
  },
  {
    query: 'SELECT sleep(3) SETTINGS max_execution_time = 0.1',
    status: 408,
    code: 159,
    name: 'TIMEOUT_EXCEEDED',
  },
])('$query fails as on a server: $status, $code', async ({ query, status, code, name }) => {
  const result = await call({ query })
  expect(result.status).toBe(status)
  expect(result.headers.get('x-clickhouse-exception-code')).toBe(String(code))
  expect(result.text).toMatch(new RegExp(`^Code: ${code}\\. DB::Exception: [^]*\\(${name}\\)`))
})

test('parameters of one request do not reach another, also at the same time', async () => {
  const query = 'SELECT {n:UInt32}, sleep(0.02)'
  const numbers = Array.from({ length: 30 }, (_, n) => n)
  const results = await Promise.all(numbers.map((n) => call({ query, param_n: String(n) })))
  expect(results.map(({ text }) => Number(text.split('\t')[0]))).toEqual(numbers)
  const long = numbers.map((n) => `${n}`.repeat(1_000)).join()
  expect((await call({ query: 'SELECT length({p:String})', param_p: long })).text).toBe(
    `${long.length}\n`,
  )
})

test('settings of one request do not reach the next', async () => {
  const query = "SELECT getSetting('max_block_size'), getSetting('max_threads')"
  const before = (await call({ query })).text
  expect((await call({ query, max_block_size: '777' })).text).toMatch(/^777\t/)
  await call({ query: 'SET max_threads = 3' })
  for (let i = 0; i < 5; i++) expect((await call({ query })).text).toBe(before)
  const unknown = await call({ query, no_such_setting: '1' })
  expect(unknown).toMatchObject({ status: 404, text: expect.stringContaining('Code: 115.') })
})

test.for([
  { name: 'none', headers: {}, search: {}, status: 401 },
  {
    name: 'a wrong password',
    headers: {},
    search: { user: 'signalbox', password: 'x' },
    status: 403,
  },
  { name: 'a wrong user', headers: { 'x-clickhouse-user': 'root' }, search: {}, status: 403 },
])('credentials: $name is refused', async ({ headers, search, status }) => {
  const response = await fetch(urlOf({ query: 'SELECT 1', ...search }), { headers })
  expect(response.status).toBe(status)
  expect(await response.text()).toMatch(/^Code: (194|516)\. DB::Exception: /)
})

test('credentials come in the URL and in headers too, and a ping needs none', async () => {
  const { username: user, password } = base
  const byUrl = await fetch(urlOf({ query: 'SELECT 1', user, password }))
  const headers = { 'x-clickhouse-user': user, 'x-clickhouse-key': password }
  const byHeader = await fetch(urlOf({ query: 'SELECT 1' }), { headers })
  const ping = await fetch(`${base.origin}/ping`)
  expect([byUrl.status, byHeader.status, await ping.text()]).toEqual([200, 200, 'Ok.\n'])
})

test('a GET reads, and may not write', async () => {
  const write = await call({ query: 'INSERT INTO things (id) VALUES (1)' }, { method: 'GET' })
  expect(write).toMatchObject({ status: 403, text: expect.stringContaining('(READONLY)') })
  expect((await call({ query: 'SELECT 1' }, { method: 'GET' })).text).toBe('1\n')
})

const rowsOf = async (table: string) =>
  (await call({ query: `SELECT * FROM ${table} ORDER BY ALL FORMAT TSV` })).text

test.for([
  { format: 'JSONEachRow', data: '{"id":1,"at":"2026-01-11 14:26:37.312"}\n' },
  { format: 'CSV', data: '1,none,2026-01-11 14:26:37.312\n' },
  { format: 'TSV', data: '1\tnone\t2026-01-11 14:26:37.312\n' },
  { format: 'Values', data: "(1, 'none', '2026-01-11 14:26:37.312')" },
  { format: 'JSONCompactEachRow', data: '[1,"none","2026-01-11 14:26:37.312"]\n' },
])('$format data goes in, from the body or after the statement', async ({ format, data }) => {
  const table = `in_${format}`
  await call({ query: `CREATE TABLE ${table} AS things` })
  const sql = `INSERT INTO ${table} FORMAT ${format}`
  expect((await call({ query: sql }, { body: data })).status).toBe(200)
  expect((await call({}, { body: `${sql}\n${data}` })).status).toBe(200)
  expect(
    (await call({ query: sql }, { body: gzipSync(data), headers: { 'content-encoding': 'gzip' } }))
      .status,
  ).toBe(200)
  expect(await rowsOf(table)).toBe('1\tnone\t2026-01-11 14:26:37.312\n'.repeat(3))
})

test('Native data round-trips byte by byte', async () => {
  await call({ query: 'CREATE TABLE bytes (id UInt64, raw String) ENGINE = MergeTree ORDER BY id' })
  const source = "SELECT number AS id, unhex('00ff80fe0a') AS raw FROM numbers(300) FORMAT Native"
  const native = (await call({ query: source })).bytes
  for (const init of [
    { body: native },
    { body: gzipSync(native), headers: { 'content-encoding': 'gzip' } },
  ]) {
    const result = await call({ query: 'INSERT INTO bytes FORMAT Native' }, init)
    expect(result).toMatchObject({ status: 200 })
    expect(JSON.parse(result.headers.get('x-clickhouse-summary')!)).toHaveProperty('elapsed_ns')
  }
  const counted = 'SELECT count(), uniqExact(raw), any(hex(raw)) FROM bytes'
  expect((await call({ query: counted })).text).toBe('600\t1\t00FF80FE0A\n')
})

test('a response is compressed when it is asked for', async () => {
  const result = await call(
    { query: 'SELECT 1', enable_http_compression: '1' },
    { headers: { 'accept-encoding': 'gzip' } },
  )
  expect(result).toMatchObject({ status: 200, text: '1\n' })
  expect(result.headers.get('content-encoding')).toBe('gzip')
})

test('a broken body, an unknown coding and an unknown path are refused', async () => {
  const broken = await call({}, { body: 'no gzip', headers: { 'content-encoding': 'gzip' } })
  const unknown = await call({}, { body: 'x', headers: { 'content-encoding': 'snappy' } })
  expect([broken.status, unknown.status]).toEqual([400, 400])
  expect((await fetch(`${base.origin}/nowhere`)).status).toBe(404)
})

test('the official client works: compression, parameters, insert, stream, error', async () => {
  const client = createClient({
    url: database.url,
    compression: { request: true, response: true },
    clickhouse_settings: { max_block_size: '1234' },
    log: { level: 127 },
  })
  await client.command({ query: 'CREATE TABLE official AS things' })
  const at = new Date(Date.UTC(2026, 0, 11, 14, 26, 37, 312))
  await client.insert({
    table: 'official',
    values: [
      { id: 1, name: 'ä' },
      { id: 2, name: 'b' },
    ],
    format: 'JSONEachRow',
    columns: ['id', 'name'],
  })
  const result = await client.query({
    query:
      'SELECT name, {at:DateTime64(3)} AS at FROM {t:Identifier} WHERE id IN {ids:Array(UInt64)}',
    query_params: { t: 'official', ids: [1, 3], at },
    format: 'JSONEachRow',
  })
  expect(await result.json()).toEqual([{ name: 'ä', at: '2026-01-11 14:26:37.312' }])
  await expect(client.query({ query: 'SELECT nope' })).rejects.toMatchObject({
    code: '47',
    type: 'UNKNOWN_IDENTIFIER',
  })
  expect((await client.ping({ select: true })).success).toBe(true)
  await client.close()
})
