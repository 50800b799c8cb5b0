import { randomUUID } from 'node:crypto'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { gzip } from 'node:zlib'
import { createTurnstile } from '../lib/turnstile.ts'
import type { Engine, EngineResult } from './clickhouse-engine.ts'
import {
  type Credentials,
  checkCredentials,
  type HttpQuery,
  parseHttpQuery,
  readBody,
  toEngineRequest,
} from './clickhouse-request.ts'

// The HTTP interface of a ClickHouse server before the embedded engine, as far as clients use it,
// so that `@clickhouse/client`, Grafana and curl see one kind of database. Errors have the server's
// texts, codes and statuses. Not there: HTTP sessions, native compression, progress headers.

export interface ClickHouseHttpOptions extends Credentials {
  readonly engine: Engine
  /** Statements that run at once; each holds a libuv thread. */
  readonly activeMax: number
  /** Requests that wait for their turn; more are answered 503. */
  readonly waitingMax: number
  /** Inflated size of one body. */
  readonly bodyBytesMax: number
}

export function createClickHouseHttp(options: ClickHouseHttpOptions): Server {
  const turnstile = createTurnstile(options)
  const server = createServer({
    requestTimeout: 300_000,
    keepAliveTimeout: 10_000,
    // Parameters come in the URL; a server takes a mebibyte too.
    maxHeaderSize: 1 << 20,
  })

  const serve = async (request: IncomingMessage, response: ServerResponse) => {
    const query = parseHttpQuery(request)
    checkCredentials(request, { query, wanted: options })
    // The body is read when its turn has come: so many bodies are in memory, and no more.
    const leave = await turnstile.enter()
    if (leave === undefined) {
      answerError(response, { code: 202, message: TOO_MANY, status: 503 })
      return
    }
    try {
      if (response.destroyed) return
      const body = await readBody(request, { bytesMax: options.bodyBytesMax, query })
      const startMs = performance.now()
      const result = await options.engine.run(toEngineRequest(request, { query, body }))
      await answer(response, { query, result, elapsedMs: performance.now() - startMs })
    } finally {
      leave()
    }
  }

  server.on('request', (request: IncomingMessage, response: ServerResponse) => {
    const path = (request.url ?? '/').split('?')[0]
    const isBare = path === '/' && request.method === 'GET' && !request.url?.includes('?')
    if (path === '/ping' || path === '/replicas_status' || isBare) response.end('Ok.\n')
    else if (path !== '/') response.writeHead(404).end(`There is no handle ${path}\n`)
    else if (!['GET', 'POST', 'HEAD'].includes(request.method ?? '')) response.writeHead(405).end()
    else serve(request, response).catch((fault) => answerFault(response, fault))
  })
  return server
}

const TOO_MANY =
  'Code: 202. DB::Exception: Too many simultaneous queries. (TOO_MANY_SIMULTANEOUS_QUERIES)'

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  JSON: 'application/json; charset=UTF-8',
  JSONCompact: 'application/json; charset=UTF-8',
  JSONEachRow: 'application/x-ndjson; charset=UTF-8',
  CSV: 'text/csv; charset=UTF-8; header=absent',
  CSVWithNames: 'text/csv; charset=UTF-8; header=present',
  TabSeparated: 'text/tab-separated-values; charset=UTF-8',
  TSV: 'text/tab-separated-values; charset=UTF-8',
  TabSeparatedWithNames: 'text/tab-separated-values; charset=UTF-8',
}

interface Answer {
  readonly query: HttpQuery
  readonly result: EngineResult
  readonly elapsedMs: number
}

async function answer(response: ServerResponse, { query, result, elapsedMs }: Answer) {
  const summary = {
    read_rows: result.rowsRead,
    read_bytes: result.bytesRead,
    written_rows: result.rowsWritten,
    written_bytes: result.bytesWritten,
    total_rows_to_read: 0,
    result_rows: 0,
    result_bytes: result.bytes.byteLength,
    elapsed_ns: Math.round(elapsedMs * 1e6),
  }
  // The server writes numbers of the summary as text.
  const texts = Object.fromEntries(
    Object.entries(summary).flatMap(([key, n]) => (n === undefined ? [] : [[key, String(n)]])),
  )
  response.writeHead(200, {
    'Content-Type': CONTENT_TYPES[result.format] ?? 'application/octet-stream',
    'X-ClickHouse-Format': result.format,
    'X-ClickHouse-Query-Id': query.queryId ?? randomUUID(),
    'X-ClickHouse-Server-Display-Name': 'signalbox',
    'X-ClickHouse-Summary': JSON.stringify(texts),
    'X-ClickHouse-Timezone': 'UTC',
    ...(query.mayCompress && { 'Content-Encoding': 'gzip' }),
  })
  response.end(query.mayCompress ? await compress(result.bytes) : result.bytes)
}

function compress(bytes: Uint8Array): Promise<Buffer> {
  return new Promise((resolve, reject) =>
    gzip(bytes, { level: 1 }, (fault, data) => (fault ? reject(fault) : resolve(data))),
  )
}

/** Any fault as the server would say it; the driver's carry ClickHouse's code and full text. */
function answerFault(response: ServerResponse, fault: unknown) {
  const { code, clickhouseCode, message } = fault as Partial<
    Record<'code' | 'clickhouseCode', unknown>
  > & { message?: string }
  const number = [code, clickhouseCode].find((one) => typeof one === 'number') ?? 1001
  const text = message ?? String(fault)
  const full = text.startsWith('Code: ')
    ? text
    : `Code: ${number}. DB::Exception: ${text}. (STD_EXCEPTION)`
  answerError(response, { code: number, message: full, status: statusOf(number) })
}

interface ErrorAnswer {
  readonly code: number
  readonly message: string
  readonly status: number
}

function answerError(response: ServerResponse, { code, message, status }: ErrorAnswer) {
  if (response.headersSent) {
    response.destroy()
    return
  }
  const isTooLarge = status === 413
  response.writeHead(status, {
    'Content-Type': 'text/plain; charset=UTF-8',
    'X-ClickHouse-Exception-Code': String(code),
    'X-ClickHouse-Timezone': 'UTC',
    ...(status === 401 && { 'WWW-Authenticate': 'Basic realm="ClickHouse server HTTP API"' }),
    ...(isTooLarge && { Connection: 'close' }),
  })
  response.end(`${message}\n`)
}

/** The server's table (`exceptionCodeToHTTPStatus`), as far as its codes can come up here. */
const STATUS_CODES: ReadonlyMap<number, readonly number[]> = new Map([
  [400, [6, 26, 27, 36, 38, 39, 41, 53, 62, 69, 72, 117, 130, 167, 168, 195, 271, 427, 456]],
  [401, [194]],
  [403, [164, 192, 193, 497, 516]],
  [404, [46, 47, 50, 56, 60, 63, 73, 78, 81, 114, 115]],
  [408, [159]],
  [413, [223, 307]],
  [501, [48]],
  [503, [76, 202, 209, 439]],
])

function statusOf(code: number): number {
  for (const [status, codes] of STATUS_CODES) if (codes.includes(code)) return status
  return 500
}
