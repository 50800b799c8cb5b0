import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { type Clock, createSystemClock } from '../lib/clock.ts'
import { AppError } from '../lib/errors.ts'
import type { Part } from '../lib/part.ts'
import type { Authorize } from '../model/authority.ts'
import type { OtlpAnswer, OtlpRequest } from '../model/otlp.ts'
import type { ReceiveEvents } from '../telemetry/receive-events.ts'
import { createConnections, peerOf } from './connections.ts'
import { createHttpHandler } from './http-handler.ts'
import { RECEIVE_LIMITS, type ReceiveLimits } from './limits.ts'
import { createSenders, type Senders } from './senders.ts'

// OTLP/HTTP on plain node:http, not on the API's framework: bodies have to be bounded while they
// stream and answered in protobuf, and nothing else of a framework would be used.

export interface OtlpHttpServerOptions {
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  readonly limits?: Partial<ReceiveLimits>
  readonly authorize: Authorize
  /** No limits by default. */
  readonly senders?: Senders
  ingest(request: OtlpRequest): Promise<OtlpAnswer>
  readonly events: Pick<ReceiveEvents, 'answered' | 'faulted' | 'open'>
  /** Stamps when requests were received; the system's by default. */
  readonly clock?: Clock
}

export interface OtlpHttpServer extends Part {
  /** The port that is listened on, once started. */
  readonly port: number
}

/** @throws AppError PORT_IN_USE from `start` */
export function createOtlpHttpServer(options: OtlpHttpServerOptions): OtlpHttpServer {
  const limits = { ...RECEIVE_LIMITS, ...options.limits }
  const clock = options.clock ?? createSystemClock()
  const senders = options.senders ?? createSenders({ clock })
  const handler = createHttpHandler({ ...options, limits, clock, senders })
  const server = createServer({
    // The handler has a deadline of its own, with an answer that is repeated: this one's is not.
    requestTimeout: limits.receiveMsMax + 5_000,
    headersTimeout: Math.min(10_000, limits.receiveMsMax),
    // Longer than the pause between the exports of any SDK, so that connections are reused.
    keepAliveTimeout: 75_000,
    connectionsCheckingInterval: Math.min(5_000, limits.receiveMsMax),
  })
  const connections = createConnections(limits)
  server.on('connection', connections.add)
  const take = (request: IncomingMessage, response: ServerResponse, isWaiting: boolean) => {
    response.once('close', connections.busy(peerOf(request.socket)))
    void handler.handle(request, { response, isWaiting })
  }
  server.on('request', (request, response) => take(request, response, false))
  // `Expect: 100-continue`: what is refused by its head need not come at all.
  server.on('checkContinue', (request, response) => take(request, response, true))
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
