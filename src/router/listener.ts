import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { Part } from '../lib/part.ts'
import type { WebhookAnswer, WebhookRequest } from './webhook.ts'

const BODY_BYTES_MAX = 65_536

export interface WebhookListenerOptions {
  /** 0 = any free port. */
  readonly port: number
  /** Default `127.0.0.1`. */
  readonly host?: string
  /** Default `/hook`. */
  readonly path?: string
  handle(request: WebhookRequest): WebhookAnswer
}

/** A small HTTP server for the webhook, for routers that have none at hand. */
export function createWebhookListener(
  options: WebhookListenerOptions,
): Part & { readonly port: number } {
  const { path = '/hook', host = '127.0.0.1' } = options
  const server = createServer((request, response) => {
    if (request.method !== 'POST' || request.url?.split('?')[0] !== path) {
      reply(response, { status: 404, body: { error: `POST ${path}` } })
      return
    }
    readBody(request).then(
      (rawBody) =>
        reply(
          response,
          rawBody
            ? options.handle({ headers: request.headers, rawBody })
            : { status: 413, body: { error: 'the body is too large' } },
        ),
      () => response.destroy(),
    )
  })
  // Longer than any pause between heartbeats, so that connections stay warm.
  server.keepAliveTimeout = 65_000
  server.requestTimeout = 10_000

  return {
    name: 'webhook-listener',
    start: () =>
      new Promise((resolve, reject) => {
        server.once('error', reject)
        server.listen(options.port, host, resolve)
      }),
    stop: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
    get port() {
      return (server.address() as AddressInfo | null)?.port ?? 0
    },
  }
}

/** Undefined when it is larger than any webhook. */
async function readBody(request: IncomingMessage): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length
    if (bytes > BODY_BYTES_MAX) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}

function reply(response: ServerResponse, { status, body }: WebhookAnswer): void {
  const text = JSON.stringify(body)
  response.writeHead(status, {
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(text),
  })
  response.end(text)
}
