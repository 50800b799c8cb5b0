import { connect, type Socket } from 'node:net'

// One keep-alive connection, one request at a time, on a plain socket: node's HTTP client costs the
// load generator more than all the rest of it, and the load shares its machine with what it measures.

export interface HttpSender {
  /** The status of the answer; 0 when none came. `body` must not change until then. */
  send(body: Uint8Array): Promise<number>
  close(): void
}

export interface HttpSenderOptions {
  readonly port: number
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  /** For one answer. */
  readonly answerMsMax: number
}

/** Longer than any answer that is expected; one that has more is as bad as none. */
const ANSWER_BYTES_MAX = 65_536

export function createHttpSender(options: HttpSenderOptions): HttpSender {
  const { port, path } = options
  const lines = Object.entries(options.headers).map(([name, value]) => `${name}: ${value}\r\n`)
  const head = `POST ${path} HTTP/1.1\r\nhost: 127.0.0.1:${port}\r\n${lines.join('')}content-length: `
  let socket: Socket | undefined
  let text = ''
  let finish: ((status: number) => void) | undefined

  const drop = () => {
    socket?.destroy()
    socket = undefined
    finish?.(0)
  }
  const open = (): Socket => {
    const opened = connect({ port, host: '127.0.0.1', noDelay: true })
    const isCurrent = () => opened === socket
    opened.on('error', () => isCurrent() && drop())
    opened.on('close', () => isCurrent() && drop())
    opened.on('data', (chunk) => {
      if (!isCurrent()) return
      text += chunk.toString('latin1')
      const status = readStatus(text)
      if (status !== undefined) finish?.(status)
      else if (text.length > ANSWER_BYTES_MAX) drop()
    })
    socket = opened
    return opened
  }

  return {
    send(body) {
      return new Promise((resolve) => {
        text = ''
        const timer = setTimeout(drop, options.answerMsMax)
        finish = (status) => {
          finish = undefined
          clearTimeout(timer)
          resolve(status)
          // A refusal may come before all of the body has gone: nothing may follow it.
          if (status !== 200) drop()
        }
        const to = socket ?? open()
        to.cork()
        to.write(`${head}${body.length}\r\n\r\n`, 'latin1')
        to.write(body)
        to.uncork()
      })
    },
    close: drop,
  }
}

/** Of a whole answer; undefined while more of it is to come. */
function readStatus(text: string): number | undefined {
  const headEnd = text.indexOf('\r\n\r\n')
  if (headEnd < 0) return undefined
  const bodyBytes = Number(/^content-length: *(\d+)/im.exec(text)?.[1] ?? 0)
  return text.length < headEnd + 4 + bodyBytes ? undefined : Number(text.slice(9, 12))
}
