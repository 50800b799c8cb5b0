import type { Clock } from '../lib/clock.ts'
import type { Post, PostResult } from './post.ts'
import { signatureHeaders } from './sign.ts'
import { type Subscription, secretsAt } from './subscription.ts'

/** What one subscription is to be told; signed anew at each attempt. */
export interface Letter {
  readonly subscription: Subscription
  /** `webhook-id`. */
  readonly id: string
  readonly deadlineMs: number
  /** W3C trace context of the attempt's span, '' for none. */
  readonly traceparent?: string
  render(atUnixMs: number): string
}

export type SendLetter = (letter: Letter, signal: AbortSignal) => Promise<PostResult>

/** Signs with every secret that is valid now: two during a rotation. */
export function signed(post: Post, clock: Clock): SendLetter {
  return ({ subscription, id, deadlineMs, traceparent = '', render }, signal) => {
    const atUnixMs = clock.nowMs()
    const body = render(atUnixMs)
    const headers = signatureHeaders({
      id,
      atUnixMs,
      body,
      secrets: secretsAt(subscription, atUnixMs),
    })
    return post(
      {
        url: subscription.url,
        origin: subscription.origin,
        headers: { ...headers, ...(traceparent !== '' && { traceparent }) },
        body,
        deadlineMs,
      },
      signal,
    )
  }
}
