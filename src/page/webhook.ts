import { createHmac } from 'node:crypto'
import type { Clock } from '../lib/clock.ts'
import type { Send } from '../lib/outcome.ts'
import type { Secret } from '../lib/secret.ts'
import type { Notice } from '../model/notice.ts'
import { post } from './http-post.ts'

// The generic receiver: Standard Webhooks 1.0. Bodies stay under 20 kB: of a long timeline the newest
// rows are sent, the whole is at the link.
const ROWS_MAX = 20
const BODY_BYTES_MAX = 19_000

export interface WebhookOptions {
  readonly url: Secret
  /** `whsec_…` or plain base64; absent: not signed. */
  readonly secret?: Secret
  readonly clock: Clock
}

export function createWebhookReceiver({ url, secret, clock }: WebhookOptions): Send<Notice> {
  return (notice, signal) => {
    const body = bodyOf(notice)
    const timestamp = String(Math.floor(clock.nowMs() / 1_000))
    return post({
      url: url.reveal(),
      body,
      signal,
      secrets: secret ? [url, secret] : [url],
      headers: {
        'webhook-id': notice.id,
        'webhook-timestamp': timestamp,
        ...(secret && {
          'webhook-signature': sign({ secret, id: notice.id, timestamp, body }),
        }),
      },
    })
  }
}

function bodyOf(notice: Notice): string {
  const render = (rowCount: number) =>
    JSON.stringify({
      type: `incident.${notice.phase}`,
      timestamp: new Date(notice.atUnixMs).toISOString(),
      data: {
        ...notice.incident,
        timeline: notice.incident.timeline.slice(notice.incident.timeline.length - rowCount),
        pages: notice.incident.pages.slice(-ROWS_MAX),
        labels: notice.labels,
        level: notice.level,
        headline: notice.headline,
        facts: notice.facts,
        links: notice.links,
      },
    })
  const full = render(Math.min(ROWS_MAX, notice.incident.timeline.length))
  // Evidence goes before identity.
  return Buffer.byteLength(full) <= BODY_BYTES_MAX ? full : render(0)
}

interface SignInput {
  readonly secret: Secret
  readonly id: string
  readonly timestamp: string
  readonly body: string
}

/** `v1,` + base64 HMAC-SHA256 of `id.timestamp.body`. */
function sign({ secret, id, timestamp, body }: SignInput): string {
  const key = Buffer.from(secret.reveal().replace(/^whsec_/, ''), 'base64')
  return `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`
}
