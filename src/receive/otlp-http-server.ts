import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Clock, createSystemClock } from '../lib/clock.ts'
import { AppError } from '../lib/errors.ts'
import type { Part } from '../lib/part.ts'
import type { Authorize } from '../model/authority.ts'
import type { OtlpAnswer, OtlpRequest } from '../model/otlp.ts'
import type { ReceiveEvents } from '../telemetry/receive-events.ts'
import { type HttpAnswer, retryLater, toHttpAnswer, toRefusal } from './answer.ts'
import { readBody } from './body.ts'
import { type RequestHead, readHead } from './request-head.ts'
import { withinDeadline } from './within-deadline.ts'
import { writeAnswer } from './write-answer.ts'

// OTLP/HTTP on plain node:http, not on the API's framework: bodies have to be bounded while they
// stream and answered in protobuf, and nothing else of a framework would be used.

interface OtlpHttpLimits {
  /** Of one body, inflated or not; the specification recommends 64 MiB. */
  readonly bodyBytesMax: number
  /** Requests open at once; further ones are told to come again. */
  readonly requestsMax: number
  /** Of all open bodies together. */
  readonly memoryBytesMax: number
  /** For a request to arrive in full. */
  readonly receiveMsMax: number
  /** For the pipeline to take it: exporters give up after 10 s. */
  readonly handleMsMax: number
  /** For open requests to finish when stopping. */
  readonly stopMsMax: number
}

const DEFAULT_LIMITS: OtlpHttpLimits = {
  bodyBytesMax: 64 * 2 ** 20,
  requestsMax: 512,
  memoryBytesMax: 512 * 2 ** 20,
  receiveMsMax: 30_000,
  handleMsMax: 8_000,
  stopMsMax: 3_000,
}

export interface OtlpHttpServerOptions {
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  readonly limits?: Partial<OtlpHttpLimits>
  readonly authorize: Authorize
  ingest(request: OtlpRequest): Promise<OtlpAnswer>
  readonly events: Pick<ReceiveEvents, 'answered' | 'faulted'>
  /** Stamps when requests were received; the system's by default. */
  readonly clock?: Clock
}

export interface OtlpHttpServer extends Part {
  /** The port that is listened on, once started. */
  readonly port: number
}

/** @throws AppError PORT_IN_USE from `start` */
export function createOtlpHttpServer(options: OtlpHttpServerOptions): OtlpHttpServer {
  const limits = { ...DEFAULT_LIMITS, ...options.limits }
  const handler = createHandler(options, limits)
  const server = createServer(
    {
      requestTimeout: limits.receiveMsMax,
      headersTimeout: Math.min(10_000, limits.receiveMsMax),
      // Longer than the pause between the exports of any SDK, so that connections are reused.
      keepAliveTimeout: 75_000,
      connectionsCheckingInterval: Math.min(5_000, limits.receiveMsMax),
    },
    (request, response) => void handler.handle(request, response),
  )
  let stopping: Promise<void> | undefined
  return {
    name: 'otlp-http',
    get port() {
      return (server.address() as AddressInfo | null)?.port ?? options.port
    },
    start: () => listen(server, options),
    stop() {
      handler.drain()
      stopping ??= close(server, limits.stopMsMax)
      return stopping
    },
  }
}

function listen(server: Server, { host, port }: OtlpHttpServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      if (cause.code !== 'EADDRINUSE') return reject(cause)
      const advice =
        'another process listens there; set SIGNALBOX_OTLP_HTTP_PORT to a free port, or 0'
      reject(new AppError('PORT_IN_USE', `OTLP/HTTP port ${host}:${port}: ${advice}`, { cause }))
    })
    server.listen(port, host, resolve)
  })
}

function close(server: Server, stopMsMax: number): Promise<void> {
  if (!server.listening) return Promise.resolve()
  return new Promise((resolve) => {
    const timer = setTimeout(() => server.closeAllConnections(), stopMsMax)
    server.close(() => {
      clearTimeout(timer)
      resolve()
    })
    server.closeIdleConnections()
  })
}

interface Handler {
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>
  /** From now on every new request is told to come again, elsewhere. */
  drain(): void
}

function createHandler(options: OtlpHttpServerOptions, limits: OtlpHttpLimits): Handler {
  const clock = options.clock ?? createSystemClock()
  let openCount = 0
  let reservedBytes = 0
  let isDraining = false

  const take = async (
    request: IncomingMessage,
    head: Extract<RequestHead, { status: 'ok' }>,
  ): Promise<{ answer: HttpAnswer; bodyBytes: number } | undefined> => {
    const { signal, encoding, coding } = head
    let ownBytes = 0
    const reserve = (byteCount: number) => {
      if (reservedBytes + byteCount > limits.memoryBytesMax) return false
      reservedBytes += byteCount
      ownBytes += byteCount
      return true
    }
    try {
      const body = await readBody(request, { coding, reserve, ...limits })
      if (body.status === 'gone') return undefined
      if (body.status === 'refused')
        return { answer: toRefusal(body.refusal, encoding), bodyBytes: 0 }
      const received = { signal, encoding, body: body.bytes, receivedUnixMs: clock.nowMs() }
      const answer = await withinDeadline(options.ingest(received), limits.handleMsMax)
      return { answer: toHttpAnswer(answer, head), bodyBytes: body.bytes.length }
    } catch (fault) {
      // Never a 500: senders drop the data on that, and wait and repeat on a 503.
      options.events.faulted(fault)
      return { answer: toRefusal(retryLater('internal fault', 2), encoding), bodyBytes: 0 }
    } finally {
      reservedBytes -= ownBytes
    }
  }

  return {
    drain() {
      isDraining = true
    },
    async handle(request, response) {
      const startMs = clock.monotonicMs()
      openCount++
      try {
        const head = readHead(request, { ...options, ...limits })
        const early = refuseEarly(head, { openCount, isDraining, ...limits })
        const taken = early
          ? { answer: early, bodyBytes: 0 }
          : head.status === 'ok' && (await take(request, head))
        if (!taken) return
        const { answer, bodyBytes } = taken
        const { status, reason } = answer
        const durationMs = clock.monotonicMs() - startMs
        options.events.answered({ status, reason, durationMs, bodyBytes })
        await writeAnswer({ request, response, answer, isLast: isDraining, ...limits })
      } finally {
        openCount--
      }
    },
  }
}

function refuseEarly(
  head: RequestHead,
  state: { openCount: number; requestsMax: number; isDraining: boolean },
): HttpAnswer | undefined {
  const { encoding } = head
  if (head.status === 'refused') return toRefusal(head.refusal, encoding)
  if (state.isDraining) return toRefusal(retryLater('shutting down', 1), encoding)
  if (state.openCount <= state.requestsMax) return undefined
  return toRefusal(retryLater('too many requests at once', 1), encoding)
}
