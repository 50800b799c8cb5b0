import type { IncomingMessage, ServerResponse } from 'node:http'
import type { HttpAnswer } from './answer.ts'

/** How long the rest of a refused body is swallowed, so that its sender reads the answer. */
const SWALLOW_MS_MAX = 2_000

/**
 * Writes an answer, also while the body is still coming. A connection that is closed with unread
 * bytes is reset, and the sender may never see why: so the answer goes out in full first, what
 * still comes is swallowed up to a bound, and only then the exchange ends.
 */
export async function writeAnswer(options: {
  readonly request: IncomingMessage
  readonly exchange: {
    readonly response: ServerResponse
    /** The sender waits to be asked for its body, and was not: none comes. */
    readonly isWaiting: boolean
  }
  readonly answer: HttpAnswer
  /** Closes the connection afterwards. */
  readonly isLast: boolean
  readonly bodyBytesMax: number
}): Promise<void> {
  const { request, exchange, answer, isLast, bodyBytesMax } = options
  const { response, isWaiting } = exchange
  if (response.destroyed) return
  const isUnread = !request.readableEnded && !hasNoBody(request)
  response.writeHead(answer.status, {
    ...answer.headers,
    ...(answer.status !== 204 && { 'content-length': String(answer.body.length) }),
    ...((isLast || isUnread) && { connection: 'close' }),
  })
  if (isUnread && !isWaiting) {
    if (answer.body.length > 0) response.write(answer.body)
    response.flushHeaders()
    await swallow(request, bodyBytesMax)
    response.end()
  } else {
    response.end(answer.body)
  }
}

function hasNoBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] === undefined && Number(headers['content-length'] ?? 0) === 0
}

function swallow(request: IncomingMessage, byteCountMax: number): Promise<void> {
  return new Promise((resolve) => {
    let byteCount = 0
    const timer = setTimeout(finish, SWALLOW_MS_MAX)
    function finish() {
      clearTimeout(timer)
      request.off('data', count)
      resolve()
    }
    function count(chunk: Buffer) {
      byteCount += chunk.length
      if (byteCount > byteCountMax) finish()
    }
    request.on('data', count)
    request.once('close', finish)
    request.once('end', finish)
    request.resume()
  })
}
