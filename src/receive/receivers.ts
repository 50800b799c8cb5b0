import type { Settings } from '../config/settings.ts'
import type { Clock } from '../lib/clock.ts'
import { type Part, startAll } from '../lib/part.ts'
import { type Addresses, renderHostPort, renderUrl } from '../model/addresses.ts'
import type { Authorize } from '../model/authority.ts'
import type { OtlpAnswer, OtlpRequest } from '../model/otlp.ts'
import type { ReceiveEvents } from '../telemetry/receive-events.ts'
import { createOtlpGrpcServer } from './otlp-grpc-server.ts'
import { createOtlpHttpServer } from './otlp-http-server.ts'
import { createSenders } from './senders.ts'

export interface ReceiversOptions {
  readonly host: string
  /** 0: any free port. */
  readonly otlp_http_port: number
  readonly otlp_grpc_port: number
  readonly receive: Settings['receive']
  /** With tokens a sender is known by its name, else by its address. */
  readonly tokens_file?: string | undefined
  readonly authorize: Authorize
  ingest(request: OtlpRequest): Promise<OtlpAnswer>
  readonly events: ReceiveEvents
  readonly clock: Clock
}

/** All doors for telemetry, in front of one pipeline. */
export interface Receivers extends Part {
  /** Once started. */
  addresses(): Pick<Addresses, 'otlp_http' | 'otlp_grpc'>
  ports(): readonly number[]
}

export function createReceivers(options: ReceiversOptions): Receivers {
  const { host, receive, clock } = options
  const limits = { bodyBytesMax: receive.max_body_bytes, requestsMax: receive.max_requests }
  // One for both doors: a sender does not get twice its share by knocking at each.
  const senders = createSenders({
    clock,
    limits: { requestsPerS: receive.sender_max_rps, bytesPerS: receive.sender_max_bytes_per_s },
    hasTokens: options.tokens_file !== undefined,
  })
  const shared = { ...options, limits, senders }
  const http = createOtlpHttpServer({ ...shared, port: options.otlp_http_port })
  const grpc = createOtlpGrpcServer({ ...shared, port: options.otlp_grpc_port })
  return {
    name: 'receivers',
    start: () => startAll([http, grpc]),
    // At the same time: each may take its whole bound, and the process has one for all.
    async stop() {
      await Promise.all([http.stop(), grpc.stop()])
    },
    addresses: () => ({
      otlp_http: renderUrl(host, http.port),
      otlp_grpc: renderHostPort(host, grpc.port),
    }),
    ports: () => [http.port, grpc.port],
  }
}
