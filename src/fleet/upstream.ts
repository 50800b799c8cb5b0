import { Agent, request } from 'node:http'
import type { RenderOrder } from './worker.ts'

/** What one try on a worker came to. */
export interface TryResult {
  /** HTTP status, 0 when none came. */
  readonly status: number
  /** `error.type` of the span, '' when it is well. */
  readonly errorType: string
}

export interface TryLimits {
  readonly timeoutMs: number
  readonly signal: AbortSignal
}

/** The workers of a target as a router sees them: least open first, as load balancers do. */
export interface Upstream {
  /** Replaces the endpoints; open tries on gone ones go on. */
  set(urls: readonly string[]): void
  /** One try; gives up after `timeoutMs` or when the signal says so, and never throws. */
  render(order: RenderOrder, limits: TryLimits): Promise<TryResult>
  close(): void
}

interface Endpoint {
  readonly url: string
  open: number
}

export function createUpstream(): Upstream {
  const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY })
  let endpoints: Endpoint[] = []
  let turn = 0
  const least = (): Endpoint | undefined => {
    let best: Endpoint | undefined
    // Starting elsewhere each time spreads ties, which are the rule in calm times.
    turn += 1
    for (let step = 0; step < endpoints.length; step++) {
      const one = endpoints[(turn + step) % endpoints.length]
      if (one && (!best || one.open < best.open)) best = one
    }
    return best
  }
  return {
    set(urls) {
      endpoints = urls.map((url) => endpoints.find((one) => one.url === url) ?? { url, open: 0 })
    },
    async render(order, limits) {
      const endpoint = least()
      if (!endpoint) return { status: 0, errorType: 'no_endpoint' }
      endpoint.open += 1
      try {
        return await post({ agent, url: `${endpoint.url}/render`, order, ...limits })
      } finally {
        endpoint.open -= 1
      }
    },
    close: () => agent.destroy(),
  }
}

interface Post extends TryLimits {
  readonly agent: Agent
  readonly url: string
  readonly order: RenderOrder
}

function post(options: Post): Promise<TryResult> {
  const body = JSON.stringify(options.order)
  return new Promise((resolve) => {
    const sent = request(options.url, {
      method: 'POST',
      agent: options.agent,
      headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) },
    })
    const end = (result: TryResult) => {
      clearTimeout(timer)
      options.signal.removeEventListener('abort', giveUp)
      resolve(result)
    }
    // The worker renders on either way, so the connection is left to it and used again afterwards:
    // cutting it would only cost a new one for each timeout, when there is least to spare.
    const giveUp = () => end({ status: 0, errorType: 'timeout' })
    const timer = setTimeout(giveUp, options.timeoutMs)
    options.signal.addEventListener('abort', giveUp)
    sent.on('response', (response) => {
      const status = response.statusCode ?? 0
      response.resume()
      response.on('end', () => end({ status, errorType: status < 400 ? '' : String(status) }))
      response.on('error', () => end({ status: 0, errorType: 'connection_reset' }))
    })
    sent.on('error', () => end({ status: 0, errorType: 'connection_error' }))
    sent.end(body)
  })
}
