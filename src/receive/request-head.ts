import type { IncomingMessage } from 'node:http'
import type { Authorize } from '../model/authority.ts'
import type { OtlpRequest, Signal } from '../model/otlp.ts'
import { CONTENT_TYPES } from './answer.ts'
import type { Coding } from './inflate.ts'
import { type Refusal, tooLarge } from './refusal.ts'

/** What the head of a request says, before a byte of its body is read. */
export type RequestHead =
  | {
      readonly status: 'ok'
      readonly signal: Signal
      readonly encoding: OtlpRequest['encoding']
      readonly coding: Coding
      /** Whose token it carries. */
      readonly actor: string
    }
  | {
      readonly status: 'refused'
      readonly refusal: Refusal
      /** The type to answer in; undefined when the request does not tell. */
      readonly encoding: OtlpRequest['encoding'] | undefined
    }

const NDJSON_PATH = '/ingest/ndjson'
/** Where Prometheus receives remote write itself. */
const REMOTE_WRITE_PATH = '/api/v1/write'

const SIGNALS: Readonly<Record<string, Signal>> = {
  '/v1/traces': 'traces',
  '/v1/logs': 'logs',
  '/v1/metrics': 'metrics',
  [NDJSON_PATH]: 'logs',
  [REMOTE_WRITE_PATH]: 'metrics',
}

/** What Fluent Bit, Vector, Fluentd and people call JSON lines. */
const NDJSON_TYPES = new Set([
  ...['application/x-ndjson', 'application/ndjson', 'application/json', 'text/plain'],
  ...['application/json-lines', 'application/jsonl', 'application/x-jsonlines'],
])

const CODINGS: Readonly<Record<string, Coding>> = {
  '': 'identity',
  identity: 'identity',
  gzip: 'gzip',
  'x-gzip': 'gzip',
  deflate: 'deflate',
}

const OTLP_TYPES = `${CONTENT_TYPES.protobuf} or ${CONTENT_TYPES.json}`

export interface HeadOptions {
  readonly authorize: Authorize
  readonly bodyBytesMax: number
}

export function readHead(request: IncomingMessage, options: HeadOptions): RequestHead {
  const path = (request.url ?? '').split('?', 1)[0] ?? ''
  const encoding = encodingOf(path, request.headers['content-type'])
  const signal = Object.hasOwn(SIGNALS, path) ? SIGNALS[path] : undefined
  const coding = codingOf(encoding, request.headers['content-encoding'])
  const refuse = (refusal: Refusal): RequestHead => ({ status: 'refused', refusal, encoding })
  if (signal === undefined) {
    const paths = `/v1/traces, /v1/logs, /v1/metrics, ${NDJSON_PATH}, or ${REMOTE_WRITE_PATH}`
    return refuse({ cause: 'path', reason: `no OTLP at ${path}: use ${paths}` })
  }
  if (request.method !== 'POST') return refuse({ cause: 'method', reason: 'use POST' })
  const authority = options.authorize(request.headers.authorization, 'ingest')
  if (authority.status !== 'ok') {
    return refuse({ cause: authority.status, reason: authority.reason })
  }
  if (encoding === undefined || (encoding === 'ndjson' && !isNdjson(request.headers))) {
    const types = encoding ? 'application/x-ndjson' : OTLP_TYPES
    return refuse({ cause: 'content_type', reason: `unsupported Content-Type: send ${types}` })
  }
  if (encoding === 'remote-write' && !isRemoteWrite(request.headers)) {
    const reason = 'send application/x-protobuf of prometheus.WriteRequest (1.0), not of 2.0'
    return refuse({ cause: 'content_type', reason })
  }
  if (coding === undefined && encoding === 'remote-write') {
    return refuse({ cause: 'content_type', reason: 'unsupported Content-Encoding: send snappy' })
  }
  if (coding === undefined) {
    const reason = 'unsupported Content-Encoding: send gzip or deflate, or none'
    return refuse({ cause: 'coding', reason })
  }
  if (Number(request.headers['content-length'] ?? 0) > options.bodyBytesMax) {
    return refuse(tooLarge(options.bodyBytesMax))
  }
  return { status: 'ok', signal, encoding, coding, actor: authority.actor }
}

/**
 * Plain text from a browser is refused: any page may post it anywhere without being asked, and
 * lines can move traffic.
 */
function isNdjson({ origin, ...headers }: IncomingMessage['headers']): boolean {
  const mediaType = mediaTypeOf(headers['content-type'])
  return NDJSON_TYPES.has(mediaType) && (origin === undefined || mediaType !== 'text/plain')
}

/** By the media type alone: `; charset=utf-8` and capitals are accepted. */
function mediaTypeOf(contentType: string | undefined): string {
  return contentType?.split(';', 1)[0]?.trim().toLowerCase() ?? ''
}

/** A sender of 2.0 falls back to 1.0 on 415 (remote write 2.0, "Unsupported Media Type"). */
function isRemoteWrite(headers: IncomingMessage['headers']): boolean {
  const [mediaType = '', ...parameters] = (headers['content-type'] ?? '').toLowerCase().split(';')
  const proto = parameters.map((one) => one.trim()).find((one) => one.startsWith('proto='))
  const isProtobuf = mediaType.trim() === CONTENT_TYPES.protobuf
  return isProtobuf && (proto === undefined || proto === 'proto=prometheus.writerequest')
}

function encodingOf(
  path: string,
  contentType: string | undefined,
): OtlpRequest['encoding'] | undefined {
  if (path === NDJSON_PATH) return 'ndjson'
  if (path === REMOTE_WRITE_PATH) return 'remote-write'
  const mediaType = mediaTypeOf(contentType)
  if (mediaType === CONTENT_TYPES.json) return 'json'
  // The second is protobuf's own registered name.
  const isProtobuf = mediaType === CONTENT_TYPES.protobuf || mediaType === 'application/protobuf'
  return isProtobuf ? 'protobuf' : undefined
}

/** Remote write is always compressed by Snappy's raw format, which no other path takes. */
function codingOf(
  encoding: OtlpRequest['encoding'] | undefined,
  contentEncoding: string | undefined,
): Coding | undefined {
  const name = (contentEncoding ?? '').trim().toLowerCase()
  if (encoding === 'remote-write') return name === 'snappy' ? 'snappy' : undefined
  return Object.hasOwn(CODINGS, name) ? CODINGS[name] : undefined
}
