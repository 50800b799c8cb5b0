import { randomUUID } from 'node:crypto'
import type { Cancel, Clock } from '../lib/clock.ts'
import type { StateDocument } from '../model/desired.ts'
import type { DeliverEvents } from '../telemetry/deliver-events.ts'
import { readAnswer } from './answer.ts'
import { renderHeartbeatBody } from './body.ts'
import type { SendLetter } from './signed.ts'
import { type Subscription, wants } from './subscription.ts'

const PERIOD_MS = 2_000
const DEADLINE_MS = 1_500

export interface HeartbeatsOptions {
  readonly clock: Clock
  readonly send: SendLetter
  readonly events: Pick<DeliverEvents, 'heartbeatSent'>
  subscriptions(): readonly Subscription[]
  state(): StateDocument
  gone(subscription: Subscription): void
}

/**
 * Signed pairs every 2 s for whoever asks: they keep connections warm, tell a router that the
 * controller lives, and show it what it missed. Not retried: the next one says the same.
 *
 * @returns the function that stops them
 */
export function startHeartbeats(options: HeartbeatsOptions): Cancel {
  const { clock, events } = options
  const life = new AbortController()
  const open = new Set<string>()
  const beat = async (subscription: Subscription) => {
    // A slow endpoint misses beats instead of collecting them.
    if (open.has(subscription.id)) return
    open.add(subscription.id)
    const letter = {
      subscription,
      id: `msg_${randomUUID().replaceAll('-', '')}`,
      deadlineMs: DEADLINE_MS,
      render: (atUnixMs: number) => {
        const { version, pairs } = pairsFor(subscription, options.state())
        return renderHeartbeatBody({ atUnixMs, version, pairs })
      },
    }
    const result = await options.send(letter, life.signal)
    open.delete(subscription.id)
    if (life.signal.aborted) return
    const isOk = result.kind === 'answer' && result.status >= 200 && result.status < 300
    events.heartbeatSent(isOk ? 'ok' : 'failed')
    if (readAnswer(result).kind === 'gone') options.gone(subscription)
  }
  const cancel = clock.every(PERIOD_MS, () => {
    for (const subscription of options.subscriptions()) {
      if (wants(subscription, 'failover.heartbeat.v1')) void beat(subscription)
    }
  })
  return () => {
    cancel()
    life.abort()
  }
}

function pairsFor(subscription: Subscription, { version, routes }: StateDocument) {
  const pairs = Object.values(routes)
    .filter(({ route }) => subscription.routes.includes('*') || subscription.routes.includes(route))
    .map(({ route, epoch, generation }) => [route, { epoch, generation }] as const)
  return { version, pairs: Object.fromEntries(pairs) }
}
