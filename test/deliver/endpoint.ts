import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { StateData } from '../../src/model/desired.ts'

/** A push as an endpoint sees it. */
export interface Received {
  readonly headers: IncomingHttpHeaders
  readonly rawBody: string
  readonly data: StateData
}

export type Respond = (push: Received, response: ServerResponse) => void

/** A real local server that keeps what it got, and answers as told. */
export interface Endpoint {
  url: string
  readonly received: Received[]
  readonly connectionCount: number
  respond: Respond
  close(): Promise<void>
}

/** Answers as a router does that applied what it got. */
export const applies: Respond = ({ data }, response) => {
  const observed = { epoch: data.epoch, generation: data.generation }
  response.end(JSON.stringify({ observed, clock: '2026-01-11T14:00:02.000Z' }))
}

export const says =
  (status: number, body = '', headers: Record<string, string> = {}): Respond =>
  (_, response) =>
    response.writeHead(status, headers).end(body)

export async function startEndpoint(respond: Respond = applies): Promise<Endpoint> {
  const received: Received[] = []
  let connectionCount = 0
  const endpoint: Endpoint = {
    url: '',
    received,
    get connectionCount() {
      return connectionCount
    },
    respond,
    close: () =>
      new Promise<void>((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk: Buffer) => chunks.push(chunk))
    request.on('end', () => {
      const rawBody = Buffer.concat(chunks).toString()
      const push = { headers: request.headers, rawBody, data: JSON.parse(rawBody).data }
      received.push(push)
      endpoint.respond(push, response)
    })
  })
  server.on('connection', () => {
    connectionCount += 1
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  endpoint.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`
  return endpoint
}
