import protobuf from 'protobufjs'
import { test } from 'vitest'
import type { Signal } from '../../src/model/otlp.ts'
import { encode } from '../decode/otlp-builder.ts'
import { documentOf, TABLES } from './otlp-documents.ts'
import { type Document, POLL, SIGNALS, startServer, TYPES, writer } from './otlp-fixture.ts'

// The many ways to write one request, all of which senders use or the specification allows. Stored,
// they are the same rows.

const server = startServer()

type Form = (
  document: Document,
  signal: Signal,
) => { readonly json: string } | { readonly protobuf: Uint8Array }

const toJson = (change: (key: string, value: unknown) => unknown): Form => {
  return (document) => ({ json: JSON.stringify(document, change) })
}
/** Objects rewritten member by member, innermost first. */
function renamed(
  value: unknown,
  rename: (entries: [string, unknown][]) => [string, unknown][],
): unknown {
  if (Array.isArray(value)) return value.map((item) => renamed(item, rename))
  if (typeof value !== 'object' || value === null) return value
  const inner = Object.entries(value).map(([k, v]): [string, unknown] => [k, renamed(v, rename)])
  return Object.fromEntries(rename(inner))
}
const toMembers = (rename: (entries: [string, unknown][]) => [string, unknown][]): Form => {
  return (document) => ({ json: JSON.stringify(renamed(document, rename)) })
}

const ENUMS: Readonly<Record<string, Readonly<Record<number, string>>>> = {
  kind: { 3: 'SPAN_KIND_CLIENT' },
  code: { 2: 'STATUS_CODE_ERROR' },
  severityNumber: { 17: 'SEVERITY_NUMBER_ERROR' },
  aggregationTemporality: {
    1: 'AGGREGATION_TEMPORALITY_DELTA',
    2: 'AGGREGATION_TEMPORALITY_CUMULATIVE',
  },
}
const isId = (key: string) => /^(?:traceId|spanId|parentSpanId)$/.test(key)
const isExact = (value: unknown) => Number.isSafeInteger(Number(value))

const JSON_FORMS: Readonly<Record<string, Form>> = {
  'as specified': toJson((_, value) => value),
  'ids in upper case': toJson((key, value) => (isId(key) ? String(value).toUpperCase() : value)),
  'snake_case names': toMembers((entries) =>
    entries.map(([key, value]) => [key.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`), value]),
  ),
  'names of enums': toJson((key, value) => ENUMS[key]?.[Number(value)] ?? value),
  // As JSON.stringify of the JS SDK sends them; beyond 2^53 that would be another number.
  '64-bit integers as numbers': toJson((key, value) =>
    /^(?:count|zeroCount|asInt|intValue)$/.test(key) && isExact(value) ? Number(value) : value,
  ),
  '32-bit integers and doubles as text': toJson((key, value) =>
    typeof value === 'number' && !(key in ENUMS) ? String(value) : value,
  ),
  'unknown members everywhere': toMembers((entries) => [
    ['futureField', { a: [1, { b: null }] }],
    ...entries,
    ['another_one', 'x'],
  ]),
  'null where nothing is': toMembers((entries) => [['entityRefs', null], ...entries]),
  'resource after its items': toMembers((entries) => entries.reverse()),
  'escaped names, in spaces': (document) => ({
    json: JSON.stringify(document, null, '\t').replaceAll('"attributes"', '"\\u0061ttributes"'),
  }),
}

const PROTOBUF_FORMS: Readonly<Record<string, Form>> = {
  'as specified': (document, signal) => ({ protobuf: encode(signal, document, 'protobuf') }),
  'resource after its items': (document, signal) => ({
    protobuf: rewritten(encode(signal, document, 'protobuf'), [1, 2], (fields) => fields.reverse()),
  }),
  'unknown tags everywhere': (document, signal) => ({
    protobuf: rewritten(encode(signal, document, 'protobuf'), [1, 2, 2], (fields) => [
      UNKNOWN,
      ...fields,
      UNKNOWN,
    ]),
  }),
  'unknown groups everywhere': (document, signal) => ({
    protobuf: rewritten(encode(signal, document, 'protobuf'), [1, 2, 2], (fields) => [
      GROUP,
      ...fields,
      GROUP,
    ]),
  }),
}
const UNKNOWN = Buffer.from(
  writer()
    .uint32((5_000 << 3) | 0)
    .uint64(2 ** 40)
    .uint32((5_001 << 3) | 1)
    .fixed64(1)
    .uint32((5_002 << 3) | 2)
    .bytes(Buffer.from([0xff, 0x0b, 0x00]))
    .uint32((5_003 << 3) | 5)
    .fixed32(7)
    .finish(),
)
const GROUP = Buffer.from(
  writer()
    .uint32((5_004 << 3) | 3)
    .uint32((1 << 3) | 2)
    .string('inside')
    .uint32((2 << 3) | 3)
    .uint32((2 << 3) | 4)
    .uint32((5_004 << 3) | 4)
    .finish(),
)

/** Its fields changed, and those of the messages below `path`. */
function rewritten(
  bytes: Uint8Array,
  path: readonly number[],
  change: (fields: Buffer[]) => Buffer[],
): Buffer {
  const [next = 0, ...rest] = path
  const reader = protobuf.Reader.create(bytes)
  const fields: Buffer[] = []
  while (reader.pos < reader.len) {
    const from = reader.pos
    const tag = reader.uint32()
    if (tag === ((next << 3) | 2)) {
      const inner = rewritten(reader.bytes(), rest, change)
      fields.push(Buffer.from(writer().uint32(tag).bytes(inner).finish()))
    } else {
      reader.skipType(tag & 7)
      fields.push(Buffer.from(bytes.subarray(from, reader.pos)))
    }
  }
  return Buffer.concat(change(fields))
}

const FORMS: Readonly<Record<string, Form>> = Object.fromEntries([
  ...Object.entries(JSON_FORMS).map(([name, form]) => [`JSON, ${name}`, form]),
  ...Object.entries(PROTOBUF_FORMS).map(([name, form]) => [`protobuf, ${name}`, form]),
])

test.concurrent.for(SIGNALS)(
  '%s are the same rows, however they are written',
  async (signal, { expect }) => {
    for (const [service, form] of Object.entries(FORMS)) {
      const written = form(documentOf(signal, service), signal)
      const isJson = 'json' in written
      const headers = { 'content-type': isJson ? TYPES.json : TYPES.protobuf }
      const body = isJson ? written.json : written.protobuf
      const answer = await server.post({ path: `/v1/${signal}`, headers, body })
      expect([service, answer.status, answer.body.toString()]).toEqual([
        service,
        200,
        isJson ? '{}' : '',
      ])
    }
    for (const table of TABLES[signal]) {
      const rows = () =>
        server.sql<{ ServiceName: string; Resource: object }>(
          `SELECT * EXCEPT (ResourceAttributes, SeenAt), mapFilter((k, v) -> k != 'service.name', ResourceAttributes) AS Resource
         FROM ${table} ORDER BY ServiceName`,
        )
      const count = Object.keys(FORMS).length
      await expect.poll(rows, POLL).toHaveLength(count)
      const byService = new Map((await rows()).map(({ ServiceName, ...row }) => [ServiceName, row]))
      const expected = byService.get('protobuf, as specified')
      expect(expected?.Resource).toEqual(ATTRIBUTES)
      for (const service of Object.keys(FORMS))
        expect([service, byService.get(service)]).toEqual([service, expected])
    }
  },
)

/** `VALUES`, as they are stored. */
const ATTRIBUTES = {
  text: 'grüße 長 \u0000 \\ "',
  yes: 'true',
  int: '9007199254740993',
  least: '-9223372036854775808',
  double: '0.1',
  whole: '3',
  'not-a-number': 'NaN',
  infinite: '-Infinity',
  bytes: 'AP+A',
  empty: '',
  list: '["a",1,null,true,[2],{"deep":{"er":"x"}}]',
  map: '{"a":[1,"x"],"b":2,"c":{}}',
}
