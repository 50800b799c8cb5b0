import type { Clock } from '../lib/clock.ts'
import type { Outcome, Send } from '../lib/outcome.ts'
import type { PageView } from '../model/incident.ts'
import type { Notice } from '../model/notice.ts'
import type { Stage } from './chain.ts'
import { deadlined } from './deadlined.ts'
import type { Receiver, Receivers } from './receivers.ts'
import { retrying } from './retrying.ts'

/** A receiver that has not accepted by then is passed over for the next one. */
const ACCEPT_WITHIN_MS = 10_000
const ATTEMPT_MS = 5_000
const RETRIES = { delayMsFirst: 500, delayMsMax: 4_000, attemptCountMax: 5 }

export interface TellOptions {
  readonly receivers: Receivers
  readonly clock: Clock
}

/** Tells the first receiver of the notice that accepts, each with 10 s and a few retries. */
export function tellInOrder({ receivers, clock }: TellOptions): Stage {
  return async (notice, signal) => {
    let current = notice
    for (const name of notice.receivers) {
      const receiver = receivers.get(name)
      if (!receiver) continue
      const told = await tellOne({ notice: current, receiver, clock, signal })
      current = { ...current, ...told }
      if (current.acceptedBy !== undefined) return current
    }
    return current
  }
}

interface TellOne {
  readonly notice: Notice
  readonly receiver: Receiver
  readonly clock: Clock
  readonly signal: AbortSignal
}

async function tellOne({ notice, receiver, clock, signal }: TellOne): Promise<Partial<Notice>> {
  const view = {
    at: new Date(clock.nowMs()).toISOString(),
    level: notice.level,
    receiver: receiver.name,
    phase: notice.phase,
  }
  const withView = (
    rest: Pick<PageView, 'outcome' | 'attempts'> & { readonly error?: string },
  ) => ({
    views: [...notice.views, { ...view, ...rest }],
  })
  if (!receiver.send) {
    return withView({ outcome: 'disabled', attempts: 0, error: receiver.disabledReason })
  }
  const { outcome, attempts } = await sendWithin({ send: receiver.send, notice, clock, signal })
  if (outcome.status === 'ok') {
    return { ...withView({ outcome: 'delivered', attempts }), acceptedBy: receiver.name }
  }
  const isFinal = outcome.status === 'reject'
  return {
    ...withView({ outcome: 'failed', attempts, error: outcome.reason }),
    isRejected: isFinal && notice.isRejected !== false,
    ...(!isFinal && { retryAfterMs: Math.max(notice.retryAfterMs ?? 0, outcome.afterMs ?? 0) }),
  }
}

interface SendWithin {
  readonly send: Send<Notice>
  readonly notice: Notice
  readonly clock: Clock
  readonly signal: AbortSignal
}

async function sendWithin({ send, notice, clock, signal }: SendWithin): Promise<{
  readonly outcome: Outcome
  readonly attempts: number
}> {
  let attempts = 0
  const counted: Send<Notice> = (item, inner) => {
    attempts++
    return send(item, inner)
  }
  const once = deadlined(counted, { clock, deadlineMs: ATTEMPT_MS })
  const whole = deadlined(retrying(once, { clock, ...RETRIES }), {
    clock,
    deadlineMs: ACCEPT_WITHIN_MS,
  })
  const outcome = await whole(notice, signal)
  return { outcome, attempts }
}
