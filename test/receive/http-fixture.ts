import {
  type Agent,
  type ClientRequest,
  request as httpRequest,
  type IncomingHttpHeaders,
} from 'node:http'
import protobuf from 'protobufjs'
import { onTestFinished } from 'vitest'
import type { OtlpAnswer, OtlpRequest } from '../../src/model/otlp.ts'
import {
  createOtlpHttpServer,
  type OtlpHttpServerOptions,
} from '../../src/receive/otlp-http-server.ts'

export const OK: OtlpAnswer = { status: 'ok', rejectedCount: 0, message: '' }
export const PROTOBUF = { 'content-type': 'application/x-protobuf' }
export const JSON_TYPE = { 'content-type': 'application/json' }

/** A started server, until the test ends, that keeps what it received and answers what it is told to. */
export async function serve(options: Partial<OtlpHttpServerOptions> = {}) {
  const received: OtlpRequest[] = []
  const statuses: (number | string)[] = []
  const faults: unknown[] = []
  const server = createOtlpHttpServer({
    host: '127.0.0.1',
    port: 0,
    authorize: () => ({ status: 'ok', actor: 'anyone' }),
    ingest: async (request) => {
      received.push({ ...request, body: Buffer.from(request.body) })
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

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  /** It went over a connection that an earlier request had opened. */
  readonly isReused: boolean
}

interface Sent {
  readonly port: number
  readonly method?: string
  readonly path?: string
  readonly headers?: Record<string, string>
  readonly body?: Uint8Array | string
  /** By default every request has a connection of its own. */
  readonly agent?: Agent
  /** Writes the body itself, chunked. */
  readonly stream?: (request: ClientRequest) => void
}

export function send({
  port,
  method = 'POST',
  path = '/v1/traces',
  ...sent
}: Sent): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const headers = { ...PROTOBUF, ...sent.headers }
    const outgoing = httpRequest(
      { port, method, path, headers, agent: sent.agent ?? false },
      (response) => {
        const chunks: Buffer[] = []
        response.on('data', (chunk: Buffer) => chunks.push(chunk))
        response.on('end', () =>
          resolve({
            status: response.statusCode ?? 0,
            headers: response.headers,
            body: Buffer.concat(chunks),
            isReused: outgoing.reusedSocket,
          }),
        )
        response.on('error', reject)
      },
    )
    outgoing.on('error', reject)
    if (sent.stream) sent.stream(outgoing)
    else outgoing.end(sent.body)
  })
}

const { root } = protobuf.parse(`syntax = "proto3";
  message Any { string type_url = 1; bytes value = 2; }
  message Status { int32 code = 1; string message = 2; repeated Any details = 3; }
  message Duration { int64 seconds = 1; int32 nanos = 2; }
  message RetryInfo { Duration retry_delay = 1; }
  message Violation { string field = 1; string description = 2; }
  message BadRequest { repeated Violation field_violations = 1; }
  message Partial { int64 rejected = 1; string error_message = 2; }
  message Response { Partial partial_success = 1; }`)
/** Reads a response or status message. */
export const parse = (type: string, bytes: Buffer) =>
  root
    .lookupType(type)
    .toObject(root.lookupType(type).decode(bytes), { longs: Number, defaults: true })
