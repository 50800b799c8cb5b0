import {
  type ChannelOptions,
  Client,
  credentials,
  Metadata,
  type ServiceError,
  status,
} from '@grpc/grpc-js'
import { onTestFinished } from 'vitest'
import type { OtlpRequest } from '../../src/model/otlp.ts'
import {
  createOtlpGrpcServer,
  type OtlpGrpcServerOptions,
} from '../../src/receive/otlp-grpc-server.ts'
import { OK, parse } from './http-fixture.ts'

export const EXPORT = {
  traces: '/opentelemetry.proto.collector.trace.v1.TraceService/Export',
  logs: '/opentelemetry.proto.collector.logs.v1.LogsService/Export',
  metrics: '/opentelemetry.proto.collector.metrics.v1.MetricsService/Export',
} as const

/** A started server, until the test ends, that keeps what it received and answers what it is told to. */
export async function serve(options: Partial<OtlpGrpcServerOptions> = {}) {
  const received: OtlpRequest[] = []
  const statuses: (number | string)[] = []
  const faults: unknown[] = []
  const server = createOtlpGrpcServer({
    host: '127.0.0.1',
    port: 0,
    authorize: () => ({ status: 'ok', actor: 'anyone' }),
    ingest: async (request) => {
      received.push(request)
      return OK
    },
    events: {
      answered: ({ status }) => statuses.push(status),
      faulted: (fault) => faults.push(fault),
      open: () => {},
    },
    ...options,
  })
  onTestFinished(() => server.stop())
  await server.start()
  return { server, received, statuses, faults, port: server.port }
}

/** With a connection of its own; it never repeats a call by itself. */
export function connect(port: number, options: ChannelOptions = {}): Client {
  const client = new Client(`127.0.0.1:${port}`, credentials.createInsecure(), {
    'grpc.use_local_subchannel_pool': 1,
    'grpc.enable_retries': 0,
    ...options,
  })
  onTestFinished(() => client.close())
  return client
}

/** The library's number of `grpc.default_compression_algorithm`. */
const GZIP = { 'grpc.default_compression_algorithm': 2 }

interface Sent {
  readonly port: number
  readonly path?: string
  readonly body?: Uint8Array | string
  readonly token?: string
  readonly isGzip?: boolean
  readonly client?: Client
  readonly deadlineMs?: number
}

export interface Answer {
  readonly code: keyof typeof status
  readonly reason: string
  /** Of the response when all is well. */
  readonly body: Buffer
  /** `google.rpc.Status` of the trailer. */
  readonly details?: ReturnType<typeof readDetails>
}

export function send({ port, path = EXPORT.traces, ...sent }: Sent): Promise<Answer> {
  const client = sent.client ?? connect(port, sent.isGzip ? GZIP : {})
  const metadata = new Metadata()
  if (sent.token !== undefined) metadata.set('authorization', sent.token)
  const deadline = Date.now() + (sent.deadlineMs ?? 15_000)
  const identity = (bytes: Buffer) => bytes
  return new Promise((resolve) => {
    const onAnswer = (fault: ServiceError | null, body: Buffer = Buffer.alloc(0)) => {
      const code = status[fault?.code ?? 0] as keyof typeof status
      const bytes = fault?.metadata.get('grpc-status-details-bin')[0]
      const details = bytes === undefined ? undefined : readDetails(Buffer.from(bytes))
      resolve({ code, reason: fault?.details ?? '', body, ...(details && { details }) })
    }
    const body = Buffer.from(sent.body ?? '')
    client.makeUnaryRequest(path, identity, identity, body, metadata, { deadline }, onAnswer)
  })
}

function readDetails(bytes: Buffer) {
  const { code, message, details } = parse('Status', bytes) as {
    code: number
    message: string
    details: { typeUrl: string; value: Buffer }[]
  }
  const detail = (name: string) =>
    details.find(({ typeUrl }) => typeUrl === `type.googleapis.com/google.rpc.${name}`)
  const retry = detail('RetryInfo')
  const bad = detail('BadRequest')
  return {
    code,
    message,
    retryAfterS: retry && parse('RetryInfo', retry.value).retryDelay.seconds,
    violations: bad && parse('BadRequest', bad.value).fieldViolations,
  }
}
