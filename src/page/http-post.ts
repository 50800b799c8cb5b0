import { lookup } from 'node:dns'
import { isIP } from 'node:net'
import ipaddr from 'ipaddr.js'
import { Agent, request } from 'undici'
import { OK, type Outcome } from '../lib/outcome.ts'
import { createSecret, type Secret, scrub } from '../lib/secret.ts'

// One POST to a receiver, and what its answer means. Redirects are failures: a page must not wander.
// Endpoints in files may be private, but never link-local: that is where cloud metadata lives.

export interface Post {
  readonly url: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body: string
  readonly signal: AbortSignal
  /** Never to be seen in a reason, whatever the remote echoes. */
  readonly secrets: readonly Secret[]
}

const ANSWER_BYTES_MAX = 4_096
const REASON_CHARS_MAX = 200
const RETRIED = new Set([408, 425, 429])

const agent = new Agent({
  connect: {
    lookup(host, options, done) {
      lookup(host, options, (fault, address, family) => {
        const found = Array.isArray(address) ? address.map((one) => one.address) : [address]
        const refused = fault === null && found.some(isLinkLocal)
        done(refused ? new Error(`${host} is a link-local address`) : fault, address, family)
      })
    },
  },
})

/** Posts JSON. Never throws: what the remote did is the outcome. */
export async function post({ url, headers, body, signal, secrets }: Post): Promise<Outcome> {
  const hidden = (reason: string) => scrub(reason, [...secrets, ...pathOf(url)])
  try {
    const address = new URL(url)
    const host = address.hostname.replace(/^\[|\]$/g, '')
    if (isIP(host) !== 0 && isLinkLocal(host)) {
      return { status: 'reject', reason: 'link-local addresses are never told' }
    }
    const answer = await request(withoutUser(address), {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...basicAuth(address), ...headers },
      body,
      signal,
      dispatcher: agent,
    })
    const retryAfter = answer.headers['retry-after']
    return outcomeOf({
      status: answer.statusCode,
      text: hidden(await readText(answer.body)),
      ...(typeof retryAfter === 'string' && { retryAfter }),
    })
  } catch (fault) {
    return { status: 'retry', reason: hidden(reasonOf(fault, signal)) }
  }
}

/** Slack's token is its path, which a remote may echo without the host. */
function pathOf(url: string): Secret[] {
  const path = URL.canParse(url) ? new URL(url).pathname : ''
  return path.length > 1 ? [createSecret(path)] : []
}

function basicAuth({ username, password }: URL): Record<string, string> {
  if (username === '') return {}
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`
  return { authorization: `Basic ${Buffer.from(pair).toString('base64')}` }
}

function withoutUser(address: URL): URL {
  const bare = new URL(address)
  bare.username = ''
  bare.password = ''
  return bare
}

interface Answer {
  readonly status: number
  readonly text: string
  readonly retryAfter?: string
}

/** 2xx took it; 408, 425, 429 and 5xx may take it later; anything else never will. */
function outcomeOf({ status, text, retryAfter }: Answer): Outcome {
  if (status >= 200 && status < 300) return OK
  const said = text.replace(/\s+/g, ' ').trim().slice(0, REASON_CHARS_MAX)
  const reason = said === '' ? `HTTP ${status}` : `HTTP ${status}: ${said}`
  if (status < 500 && !RETRIED.has(status)) return { status: 'reject', reason }
  const afterMs = parseRetryAfterMs(retryAfter)
  return { status: 'retry', reason, ...(afterMs !== undefined && { afterMs }) }
}

/** Seconds, or the `Date` form, which is too rare to be worth a clock: then our own pause holds. */
function parseRetryAfterMs(text: string | undefined): number | undefined {
  const seconds = Number(text)
  return text !== undefined && Number.isFinite(seconds) && seconds >= 0
    ? seconds * 1_000
    : undefined
}

async function readText(body: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = []
  let byteCount = 0
  for await (const chunk of body) {
    chunks.push(chunk)
    byteCount += chunk.length
    if (byteCount >= ANSWER_BYTES_MAX) break
  }
  return Buffer.concat(chunks).subarray(0, ANSWER_BYTES_MAX).toString('utf8')
}

function reasonOf(fault: unknown, signal: AbortSignal): string {
  if (signal.aborted) return 'no answer in time'
  const { code, message } = fault as { code?: string; message?: string }
  return code ?? message ?? 'the connection failed'
}

function isLinkLocal(address: string): boolean {
  if (!ipaddr.isValid(address)) return false
  return ipaddr.process(address).range() === 'linkLocal'
}
