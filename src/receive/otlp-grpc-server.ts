import { type AddressInfo, createServer, type Server as NetServer } from 'node:net'
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
import { type Connections, createConnections } from './connections.ts'
import { type GrpcAnswer, toGrpcAnswer, toGrpcStatus } from './grpc-answer.ts'
import { createGrpcGuard } from './grpc-guard.ts'
import { RECEIVE_LIMITS, type ReceiveLimits } from './limits.ts'
import { LATER } from './refusal.ts'
import { createSenders, type Senders } from './senders.ts'
import { withinDeadline } from './within-deadline.ts'

// OTLP/gRPC without .proto files: messages pass through as bytes, so that the one decoder and the
// one pipeline serve both transports. The listening socket is ours, and connections are handed to
// the library: it would listen on its own, but hides why it cannot, and does not bound connections.

interface OtlpGrpcLimits extends ReceiveLimits {
  /** Calls that one connection may have open; senders queue further ones themselves. */
  readonly streamsMax: number
}

const DEFAULT_LIMITS: OtlpGrpcLimits = { ...RECEIVE_LIMITS, streamsMax: 128 }

export interface OtlpGrpcServerOptions {
  readonly host: string
  /** 0: any free port. */
  readonly port: number
  readonly limits?: Partial<OtlpGrpcLimits>
  readonly authorize: Authorize
  /** No limits by default. */
  readonly senders?: Senders
  ingest(request: OtlpRequest): Promise<OtlpAnswer>
  readonly events: Pick<ReceiveEvents, 'answered' | 'faulted' | 'open'>
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
  const senders = options.senders ?? createSenders({ clock })
  const connections = createConnections(limits)
  const guard = createGrpcGuard({ ...options, clock, limits, senders, connections })
  const grpc = new Server({ ...toServerOptions(limits), interceptors: [guard.interceptor] })
  for (const [service, signal] of SERVICES) {
    const definition = { export: exportMethod(service) }
    grpc.addService(definition, { export: exportHandler({ ...options, signal, clock, limits }) })
  }
  const listener = createServer({ noDelay: true })
  let stopping: Promise<void> | undefined
  return {
    name: 'otlp-grpc',
    get port() {
      return (listener.address() as AddressInfo | null)?.port ?? options.port
    },
    start() {
      const injector = grpc.createConnectionInjector(ServerCredentials.createInsecure())
      listener.on('connection', (socket) => {
        connections.add(socket)
        injector.injectConnection(socket)
      })
      return listen(listener, options)
    },
    stop() {
      guard.drain()
      stopping ??= close({ listener, connections, grpc, ...limits })
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
  const take = async (body: Buffer): Promise<GrpcAnswer> => {
    try {
      const received = { signal, encoding: 'protobuf', receivedUnixMs: clock.nowMs() } as const
      return toGrpcAnswer(await withinDeadline(ingest({ ...received, body }), limits.handleMsMax))
    } catch (fault) {
      // Never INTERNAL: senders drop the data on that, and wait and repeat on UNAVAILABLE.
      events.faulted(fault)
      return { isOk: false, status: toGrpcStatus(LATER.fault) }
    }
  }
  return async (call: ServerUnaryCall<Buffer, Buffer>, reply: sendUnaryData<Buffer>) => {
    const answer = await take(call.request)
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
  readonly connections: Connections
  readonly grpc: Server
  readonly stopMsMax: number
}

/** Lets open calls finish, within a bound, while senders are told to go elsewhere. */
function close({ listener, connections, grpc, stopMsMax }: Closing): Promise<void> {
  if (!listener.listening) {
    grpc.forceShutdown()
    return Promise.resolve()
  }
  return new Promise((resolve) => {
    const timer = setTimeout(connections.destroyAll, stopMsMax)
    // Done when the last connection has ended, by either side.
    listener.close(() => {
      clearTimeout(timer)
      resolve()
    })
    grpc.tryShutdown(() => {})
  })
}
