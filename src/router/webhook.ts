import type { Clock } from '../lib/clock.ts'
import type { StateData } from '../model/desired.ts'
import type { Generation } from '../model/generation.ts'
import { isRecord, parseJson, parseStateData } from './document.ts'
import type { RouterEvent } from './router-event.ts'
import { type HeaderValues, verifySignature } from './verify.ts'

/** A push as it came: the raw bytes, because the signature is over them. */
export interface WebhookRequest {
  readonly headers: HeaderValues
  readonly rawBody: Uint8Array | string
}

/** What to answer: `body` as JSON. */
export interface WebhookAnswer {
  readonly status: number
  readonly body: Readonly<Record<string, unknown>>
}

export interface WebhookOptions {
  readonly clock: Clock
  secrets(): readonly string[]
  offer(data: StateData): void
  pair(route: string): Generation
  heard(): void
  readNow(stateUrl: string): void
  hint(seen: { readonly pairs?: unknown }): void
  emit(event: RouterEvent): void
}

/** Verifies, applies what is newer, and answers with what is then in force. Synchronous. */
export function createWebhook(options: WebhookOptions): (request: WebhookRequest) => WebhookAnswer {
  const { clock } = options
  const refuse = (status: number, reason: string): WebhookAnswer => {
    options.emit({ kind: 'refused', reason })
    return { status, body: { error: reason } }
  }
  const now = () => new Date(clock.nowMs()).toISOString()

  return ({ headers, rawBody }) => {
    const nowMs = clock.nowMs()
    const verified = verifySignature({ headers, rawBody, secrets: options.secrets(), nowMs })
    if (verified.status === 'refused') return refuse(401, verified.reason)
    const message = parseJson(
      typeof rawBody === 'string' ? rawBody : Buffer.from(rawBody).toString(),
    )
    if (!isRecord(message)) return refuse(400, 'the body is not a JSON object')
    options.heard()
    if (message.type === 'failover.heartbeat.v1') {
      options.hint(isRecord(message.data) ? message.data : {})
      return { status: 200, body: { clock: now() } }
    }
    // Kinds that are not known yet are none of this router's business, and no error.
    if (message.type !== 'failover.state.v1') return { status: 200, body: { clock: now() } }
    const data = parseStateData(message.data)
    if (!data) return refuse(422, 'no target of positive weight, or not a state document')
    if (data.not_after !== undefined && !(Date.parse(data.not_after) >= nowMs)) {
      options.emit({ kind: 'expired', data })
      options.readNow(data.state_url)
    } else if (!data.dry_run) {
      options.offer(data)
    }
    return { status: 200, body: { observed: options.pair(data.route), clock: now() } }
  }
}
