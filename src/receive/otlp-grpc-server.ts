import { type AddressInfo, createServer, type Server as NetServer, type Socket } from 'node:net'
import {
  type MethodDefinition,
  Server,
  ServerCredentials,
  type ServerOptions,
  type ServerUnaryCall,
  type sendUnaryData,
} from '@grpc/grpc-js'
import { type Clock, createSystemClock } from '../lib/clock.ts'
import { AppError } from '../lib/errors.ts'
import type { Part } from '../lib/part.ts'
import type { Authorize } from '../model/authority.ts'
import type { OtlpAnswer, OtlpRequest, Signal } from '../model/otlp.ts'
import type { ReceiveEvents } from '../telemetry/receive-events.ts'
import { toGrpcAnswer } from './grpc-answer.ts'
import { createGrpcGuard } from './grpc-guard.ts'
import { withinDeadline } from './within-deadline.ts'

// OTLP/gRPC without .proto files: messages pass through as bytes, so that the one decoder and the
// one pipeline serve both transports. The listening socket is ours, and connections are handed to
// the library: it would listen on its own, but hides why it cannot, and does not bound connections.

interface OtlpGrpcLimits {
  /** Of one message, inflated or not; the specification recommends 64 MiB. */
  readonly bodyBytesMax: number
  /** Calls open at once; further ones are told to come again. */
  readonly requestsMax: number
  /** Of all open messages together. */
  readonly memoryBytesMax: number
  readonly connectionsMax: number
  /** Calls that one connection may have open; senders queue further ones themselves. */
  readonly streamsMax: number
  /** For a message to arrive in full. */
  readonly receiveMsMax: number
  /** For the pipeline to take it: exporters give up after 10 s. */
  readonly handleMsMax: number
  /** For open calls to finish when stopping. */
  readonly stopMsMax: number
}

const DEFAULT_LIMITS: OtlpGrpcLimits = {
  bodyBytesMax: 64 * 2 ** 20,
  requestsMax: 512,
  memoryBytesMax: 512 * 2 ** 20,
  connectionsMax: 1_024,
  streamsMax: 128,
  receiveMsMax: 30_000,
  handleMsMax: 8_000,
  stopMsMax: 3_000,
}

export interface OtlpGrpcServerOptions {
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  readonly limits?: Partial<OtlpGrpcLimits>
  readonly authorize: Authorize
  ingest(request: OtlpRequest): Promise<OtlpAnswer>
  readonly events: Pick<ReceiveEvents, 'answered' | 'faulted'>
  /** Stamps when requests were received; the system's by default. */
  readonly clock?: Clock
}

export interface OtlpGrpcServer extends Part {
  /** The port that is listened on, once started. */
  readonly port: number
}

/** @throws AppError PORT_IN_USE from `start` */
export function createOtlpGrpcServer(options: OtlpGrpcServerOptions): OtlpGrpcServer {
  const limits = { ...DEFAULT_LIMITS, ...options.limits }
  const clock = options.clock ?? createSystemClock()
  const guard = createGrpcGuard({ ...options, clock, limits })
  const grpc = new Server({ ...toServerOptions(limits), interceptors: [guard.interceptor] })
  for (const [service, signal] of SERVICES) {
    const definition = { export: exportMethod(service) }
    grpc.addService(definition, { export: exportHandler({ ...options, signal, clock, limits }) })
  }
  const listener = createServer({ noDelay: true })
  listener.maxConnections = limits.connectionsMax
  const sockets = new Set<Socket>()
  let stopping: Promise<void> | undefined
  return {
    name: 'otlp-grpc',
    get port() {
      return (listener.address() as AddressInfo | null)?.port ?? options.port
    },
    start() {
      const injector = grpc.createConnectionInjector(ServerCredentials.createInsecure())
      listener.on('connection', (socket) => {
        sockets.add(socket)
        socket.once('close', () => sockets.delete(socket))
        injector.injectConnection(socket)
      })
      return listen(listener, options)
    },
    stop() {
      guard.drain()
      stopping ??= close({ listener, sockets, grpc, ...limits })
      return stopping
    },
  }
}

const SERVICES: readonly (readonly [string, Signal])[] = [
  ['opentelemetry.proto.collector.trace.v1.TraceService', 'traces'],
  ['opentelemetry.proto.collector.logs.v1.LogsService', 'logs'],
  ['opentelemetry.proto.collector.metrics.v1.MetricsService', 'metrics'],
]

function toServerOptions(limits: OtlpGrpcLimits): ServerOptions {
  return {
    // Held while inflating too: a bomb is stopped at the limit, not after it.
    'grpc.max_receive_message_length': limits.bodyBytesMax,
    'grpc.max_concurrent_streams': limits.streamsMax,
    // A sender that vanished without a word is noticed, and one that has nothing to say is let go.
    'grpc.keepalive_time_ms': 60_000,
    'grpc.keepalive_timeout_ms': 20_000,
    'grpc.max_connection_idle_ms': 600_000,
    'grpc.enable_channelz': 0,
  }
}

function exportMethod(service: string): MethodDefinition<Buffer, Buffer> {
  const identity = (bytes: Buffer) => bytes
  return {
    path: `/${service}/Export`,
    requestStream: false,
    responseStream: false,
    requestSerialize: identity,
    requestDeserialize: identity,
    responseSerialize: identity,
    responseDeserialize: identity,
  }
}

interface HandlerOptions extends Pick<OtlpGrpcServerOptions, 'ingest' | 'events'> {
  readonly signal: Signal
  readonly clock: Clock
  readonly limits: OtlpGrpcLimits
}

function exportHandler({ signal, clock, limits, ingest, events }: HandlerOptions) {
  const take = async (body: Buffer): Promise<OtlpAnswer> => {
    try {
      const received = { signal, encoding: 'protobuf', receivedUnixMs: clock.nowMs() } as const
      return await withinDeadline(ingest({ ...received, body }), limits.handleMsMax)
    } catch (fault) {
      // Never INTERNAL: senders drop the data on that, and wait and repeat on UNAVAILABLE.
      events.faulted(fault)
      return { status: 'retry', reason: 'internal fault', afterS: 2 }
    }
  }
  return async (call: ServerUnaryCall<Buffer, Buffer>, reply: sendUnaryData<Buffer>) => {
    const answer = toGrpcAnswer(await take(call.request))
    if (answer.isOk) reply(null, answer.response)
    else reply(answer.status)
  }
}

function listen(listener: NetServer, { host, port }: OtlpGrpcServerOptions): Promise<void> {
  return new Promise((resolve, reject) => {
    listener.once('error', (cause: NodeJS.ErrnoException) => {
      if (cause.code !== 'EADDRINUSE') return reject(cause)
      const advice =
        'another process listens there; set SIGNALBOX_OTLP_GRPC_PORT to a free port, or 0'
      reject(new AppError('PORT_IN_USE', `OTLP/gRPC port ${host}:${port}: ${advice}`, { cause }))
    })
    listener.listen(port, host, resolve)
  })
}

interface Closing {
  readonly listener: NetServer
  readonly sockets: ReadonlySet<Socket>
  readonly grpc: Server
  readonly stopMsMax: number
}

/** Lets open calls finish, within a bound, while senders are told to go elsewhere. */
function close({ listener, sockets, grpc, stopMsMax }: Closing): Promise<void> {
  if (!listener.listening) {
    grpc.forceShutdown()
    return Promise.resolve()
  }
  return new Promise((resolve) => {
    const timer = setTimeout(() => {
      for (const socket of sockets) socket.destroy()
    }, stopMsMax)
    // Done when the last connection has ended, by either side.
    listener.close(() => {
      clearTimeout(timer)
      resolve()
    })
    grpc.tryShutdown(() => {})
  })
}
