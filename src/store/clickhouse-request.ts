import { timingSafeEqual } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { pipeline } from 'node:stream/promises'
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib'
import { EngineError, type EngineRequest } from './clickhouse-engine.ts'

// The parse half of ClickHouse's HTTP interface: URL, headers and body of a request become a
// statement for the engine.

/** What may stand in the URL and is not a setting of the engine. */
const RESERVED = new Set(
  (
    'query database default_format user password quota_key query_id session_id session_timeout ' +
    'session_check role buffer_size wait_end_of_query compress decompress client_protocol_version ' +
    'add_http_cors_header stacktrace enable_http_compression http_zlib_compression_level ' +
    'send_progress_in_http_headers http_headers_progress_interval_ms'
  ).split(' '),
)

/** The URL's half of a request; the body is read later, when its turn has come. */
export interface HttpQuery {
  readonly url: URL
  readonly queryId: string | undefined
  readonly mayCompress: boolean
}

export function parseHttpQuery(request: IncomingMessage): HttpQuery {
  const url = new URL(request.url ?? '/', 'http://localhost')
  const accepts = /\bgzip\b/.test(String(request.headers['accept-encoding'] ?? ''))
  return {
    url,
    queryId: url.searchParams.get('query_id') ?? undefined,
    mayCompress: accepts && url.searchParams.get('enable_http_compression') === '1',
  }
}

export interface Credentials {
  readonly user: string
  readonly password: string
}

/** @throws EngineError 194 (none given) or 516 (wrong), as the server does */
export function checkCredentials(
  request: IncomingMessage,
  options: { readonly query: HttpQuery; readonly wanted: Credentials },
): void {
  const given = credentialsOf(request, options.query.url)
  if (given === undefined) {
    throw new EngineError(194, 'REQUIRED_PASSWORD', 'Authentication failed: password is required')
  }
  const isRight =
    isSame(given.user, options.wanted.user) && isSame(given.password, options.wanted.password)
  if (isRight) return
  const reason = 'Authentication failed: password is incorrect, or there is no such user'
  throw new EngineError(516, 'AUTHENTICATION_FAILED', reason)
}

function credentialsOf(request: IncomingMessage, url: URL): Credentials | undefined {
  const basic = /^basic\s+(\S+)$/i.exec(request.headers.authorization ?? '')?.[1]
  if (basic !== undefined) {
    const [user = '', ...password] = Buffer.from(basic, 'base64').toString('utf8').split(':')
    return { user, password: password.join(':') }
  }
  const header = (name: string) => request.headers[name] as string | undefined
  const user = header('x-clickhouse-user') ?? url.searchParams.get('user')
  const password = header('x-clickhouse-key') ?? url.searchParams.get('password')
  if (user === null && password === null) return undefined
  return { user: user ?? 'default', password: password ?? '' }
}

function isSame(given: string, wanted: string): boolean {
  const [a, b] = [Buffer.from(given), Buffer.from(wanted)]
  return a.length === b.length && timingSafeEqual(a, b)
}

/** Query text and body joined by a line break, parameters and settings, as the engine takes them. */
export function toEngineRequest(
  request: IncomingMessage,
  options: { readonly query: HttpQuery; readonly body: Buffer },
): EngineRequest {
  const { url, queryId } = options.query
  const parameters = new Map<string, string>()
  const settings = new Map<string, string>()
  for (const [key, value] of url.searchParams) {
    if (key.startsWith('param_')) parameters.set(key.slice('param_'.length), value)
    else if (!RESERVED.has(key)) settings.set(key, value)
  }
  const header = (name: string) => request.headers[name] as string | undefined
  return {
    queryText: url.searchParams.get('query') ?? '',
    body: options.body,
    parameters,
    settings,
    database: url.searchParams.get('database') ?? header('x-clickhouse-database'),
    defaultFormat: url.searchParams.get('default_format') ?? header('x-clickhouse-format'),
    // As on a server, a GET may not change anything.
    isReadOnly: request.method === 'GET',
    queryId,
  }
}

const INFLATERS = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
} as const

/**
 * The inflated body, at most `bytesMax`.
 *
 * @throws EngineError 307 when it is larger, 39 for an unknown coding, 271 for a broken one
 */
export async function readBody(
  request: IncomingMessage,
  options: { readonly bytesMax: number; readonly query: HttpQuery },
): Promise<Buffer> {
  const coding = request.headers['content-encoding'] ?? 'identity'
  const createInflater = INFLATERS[coding as keyof typeof INFLATERS]
  const isUnknown = createInflater === undefined && coding !== 'identity'
  if (isUnknown || options.query.url.searchParams.get('decompress') === '1') {
    throw new EngineError(39, 'UNKNOWN_COMPRESSION_METHOD', `Unknown body compression: ${coding}`)
  }
  const chunks: Buffer[] = []
  let bytes = 0
  const collect = async (source: AsyncIterable<Buffer>) => {
    for await (const chunk of source) {
      bytes += chunk.length
      if (bytes > options.bytesMax) {
        throw new EngineError(307, 'TOO_MANY_BYTES', `Body exceeds ${options.bytesMax} bytes`)
      }
      chunks.push(chunk)
    }
  }
  try {
    if (createInflater === undefined) await collect(request)
    else await pipeline(request, createInflater(), collect)
  } catch (fault) {
    if (fault instanceof EngineError) throw fault
    throw new EngineError(271, 'CANNOT_DECOMPRESS', `Cannot read the body: ${String(fault)}`)
  }
  return chunks.length === 1 && chunks[0] ? chunks[0] : Buffer.concat(chunks)
}
