import protobuf from 'protobufjs'
import { afterAll, beforeAll } from 'vitest'
import type { Signal } from '../../src/model/otlp.ts'
import { encode } from '../decode/otlp-builder.ts'
import * as grpc from '../receive/grpc-fixture.ts'
import * as http from '../receive/http-fixture.ts'
import { type Served, type ServeOptions, serve } from '../scenario/served.ts'

// The whole server, as people run it, asked over both transports.

export const SIGNALS: readonly Signal[] = ['traces', 'logs', 'metrics']
export const ENCODINGS = ['protobuf', 'json'] as const
export type Encoding = (typeof ENCODINGS)[number]
export const TYPES = {
  protobuf: 'application/x-protobuf',
  json: 'application/json',
} as const satisfies Record<Encoding, string>

export type Document = Readonly<Record<string, unknown>>
type Post = Omit<Parameters<typeof http.send>[0], 'port'>
type Call = Omit<Parameters<typeof grpc.send>[0], 'port'>

/** Rows are loaded about once a second; a busy machine takes longer. */
export const POLL = { timeout: 15_000, interval: 200 }

/** One server for all tests of a file. */
export function startServer(options: ServeOptions = {}) {
  let served: Served | undefined
  const running = (): Served => {
    if (!served) throw new Error('not started')
    return served
  }
  beforeAll(async () => {
    // The protocol's examples are of 2018.
    served = await serve({ ...options, env: { SIGNALBOX_RETENTION: '7000d', ...options.env } })
  })
  afterAll(async () => {
    await served?.end()
  })
  return {
    get addresses() {
      return running().addresses
    },
    sql: <T>(query: string) => running().sql<T>(query),
    get: (path: string) => running().get(path),
    post: (post: Post) =>
      http.send({ ...post, port: Number(new URL(running().addresses.otlp_http).port) }),
    call: (call: Call) =>
      grpc.send({ ...call, port: Number(running().addresses.otlp_grpc?.split(':').at(-1)) }),
  }
}

/** A `google.rpc.Status`, with the texts of its BadRequest, in either encoding. */
export function readStatus(body: Buffer, encoding: Encoding) {
  if (encoding === 'json') {
    const {
      code,
      message,
      details = [],
    } = JSON.parse(body.toString()) as {
      code: number
      message: string
      details?: { fieldViolations: { description: string }[] }[]
    }
    const violations = details.flatMap(({ fieldViolations }) => fieldViolations)
    return { code, message, violations: violations.map(({ description }) => description) }
  }
  const { code, message, details } = http.parse('Status', body) as {
    code: number
    message: string
    details: { typeUrl: string; value: Buffer }[]
  }
  const violations = details
    .filter(({ typeUrl }) => typeUrl === 'type.googleapis.com/google.rpc.BadRequest')
    .flatMap(({ value }) => http.parse('BadRequest', value).fieldViolations)
  return { code, message, violations: violations.map(({ description }) => description) }
}

/** A whole body of exactly so many bytes: one unknown field, which is to be ignored. */
export function paddedTo(byteCount: number): Buffer {
  // Tag of field 15 and its length, as padded varints of 1 and 5 bytes.
  const head = Buffer.from([(15 << 3) | 2, 0, 0, 0, 0, 0])
  let rest = byteCount - head.length
  for (let at = 1; at <= 5; at++, rest = Math.floor(rest / 128))
    head[at] = (rest % 128) | (at < 5 ? 0x80 : 0)
  return Buffer.concat([head, Buffer.alloc(byteCount - head.length)])
}

export const writer = () => protobuf.Writer.create()

/** A length-delimited field, as a message of such fields or of any bytes. */
export function field(number: number, ...parts: readonly Uint8Array[]): Uint8Array {
  return writer()
    .uint32((number << 3) | 2)
    .bytes(Buffer.concat(parts))
    .finish()
}

/** As small as a request with one item can be, of now; `service` makes requests differ. */
export function small(signal: Signal, service: string, atMs = Date.now()): Document {
  const at = `${BigInt(Math.round(atMs)) * 1_000_000n}`
  const resource = { attributes: [{ key: 'service.name', value: { stringValue: service } }] }
  switch (signal) {
    case 'traces': {
      const ids = { traceId: '5B8EFFF798038103D269B633813FC60C', spanId: 'EEE19B7EC3C1B174' }
      const span = { ...ids, name: 'x', kind: 1, startTimeUnixNano: at, endTimeUnixNano: at }
      return { resourceSpans: [{ resource, scopeSpans: [{ spans: [span] }] }] }
    }
    case 'logs': {
      const record = { timeUnixNano: at, severityNumber: 9, body: { stringValue: 'x' } }
      return { resourceLogs: [{ resource, scopeLogs: [{ logRecords: [record] }] }] }
    }
    case 'metrics': {
      const gauge = { dataPoints: [{ timeUnixNano: at, asDouble: 1 }] }
      return {
        resourceMetrics: [{ resource, scopeMetrics: [{ metrics: [{ name: 'x', gauge }] }] }],
      }
    }
  }
}

export const smallBytes = (signal: Signal, service: string, encoding: Encoding = 'protobuf') =>
  Buffer.from(encode(signal, small(signal, service), encoding))
