import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { onTestFinished } from 'vitest'
import type { StateData } from '../../src/model/desired.ts'
import type { RouterStatus } from '../../src/model/router-status.ts'

/** A tiny real controller: state, stream and status, each of which can be switched off. */
export interface FakeController {
  readonly url: string
  data: StateData
  isStreaming: boolean
  isAlive: boolean
  readonly reads: { readonly query: string; readonly etag: string | undefined }[]
  readonly statuses: RouterStatus[]
  readonly streams: Set<ServerResponse>
  emit(event: string, data: unknown): void
}

export async function startController(data: StateData): Promise<FakeController> {
  const controller: FakeController = {
    url: '',
    data,
    isStreaming: true,
    isAlive: true,
    reads: [],
    statuses: [],
    streams: new Set(),
    emit(event, value) {
      for (const stream of this.streams) {
        stream.write(`event: ${event}\ndata: ${JSON.stringify(value)}\n\n`)
      }
    },
  }
  const server = createServer((request, response) => void answer(controller, request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.close()
    server.closeAllConnections()
  })
  const { port } = server.address() as AddressInfo
  return Object.assign(controller, { url: `http://127.0.0.1:${port}` })
}

async function answer(
  controller: FakeController,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  if (!controller.isAlive) {
    request.socket.destroy()
    return
  }
  const { data } = controller
  const { pathname, search } = new URL(request.url ?? '/', 'http://controller')
  const state = { epoch: data.epoch, version: data.version, routes: { [data.route]: data } }
  if (pathname === '/api/v1/state/stream') {
    if (!controller.isStreaming) {
      response.writeHead(503).end()
      return
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    controller.streams.add(response)
    response.on('close', () => controller.streams.delete(response))
    response.write(`event: snapshot\nid: ${data.version}\ndata: ${JSON.stringify(state)}\n\n`)
    return
  }
  if (pathname === '/api/v1/state') {
    const etag = `"${data.epoch}.${data.version}"`
    controller.reads.push({ query: search, etag: request.headers['if-none-match'] })
    if (request.headers['if-none-match'] === etag) response.writeHead(304).end()
    // A long-poll for something newer waits until the test says otherwise.
    else if (!search.includes(`since=${data.version}`)) {
      response.writeHead(200, { etag }).end(JSON.stringify(state))
    }
    return
  }
  let text = ''
  for await (const chunk of request) text += String(chunk)
  controller.statuses.push(JSON.parse(text) as RouterStatus)
  response.end(JSON.stringify({ epoch: data.epoch, version: data.version }))
}

/** Waits for something that real sockets bring; bounded by the test's own time limit. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise((resolve) => setImmediate(resolve))
}
