import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

export interface Received {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly text: string
  readonly body: never
}

/** How the remote end behaves. */
export type Answer =
  | { readonly status: number; readonly headers?: Record<string, string>; readonly text?: string }
  | 'hang'
  | 'reset'

/** A real HTTP server on loopback that keeps what it got and answers as told. */
export async function startReceivingServer(answer: Answer = { status: 200 }) {
  const seen: Received[] = []
  const waiting: { count: number; resolve: () => void }[] = []
  const state = { answer }
  const reply = (response: ServerResponse, text: string) => {
    if (state.answer === 'hang') return
    if (state.answer === 'reset') {
      response.socket?.resetAndDestroy()
      return
    }
    response.writeHead(state.answer.status, state.answer.headers)
    response.end(state.answer.text ?? text)
  }
  const server = createServer((request, response) => {
    let text = ''
    request.setEncoding('utf8')
    request.on('data', (chunk: string) => {
      text += chunk
    })
    request.on('end', () => {
      seen.push({
        path: request.url ?? '',
        headers: request.headers,
        text,
        body: JSON.parse(text) as never,
      })
      reply(response, `you sent ${request.url} ${JSON.stringify(request.headers)} ${text}`)
      for (const one of waiting) if (seen.length >= one.count) one.resolve()
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    bodies: () => seen.map((one) => one.body) as readonly Record<string, never>[],
    answer(next: Answer) {
      state.answer = next
    },
    /** Resolves when so many requests have come in all. */
    received: (count: number) =>
      new Promise<void>((resolve) => {
        if (seen.length >= count) resolve()
        else waiting.push({ count, resolve })
      }),
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}
export type ReceivingServer = Awaited<ReturnType<typeof startReceivingServer>>
