import type { Channel, OnCall } from '../config/oncall.ts'
import type { Clock } from '../lib/clock.ts'
import type { Send } from '../lib/outcome.ts'
import type { Notice } from '../model/notice.ts'
import { createAlertmanagerReceiver, RESEND_EVERY_MS } from './alertmanager.ts'
import { createEmailReceiver } from './email.ts'
import { createPagerDutyReceiver } from './pagerduty.ts'
import { createSlackReceiver } from './slack.ts'
import { createWebhookReceiver } from './webhook.ts'

export interface Receiver {
  readonly name: string
  readonly escalates: boolean
  /** One attempt, without deadline or retries. Undefined: disabled, see the reason. */
  readonly send: Send<Notice> | undefined
  readonly disabledReason: string
  /** It forgets what it was told, and is told again so often while the incident is open. */
  readonly resendEveryMs?: number
}

export type Receivers = ReadonlyMap<string, Receiver>

/** Every receiver of the file, by name. */
export function createReceivers(oncall: OnCall, clock: Clock): Receivers {
  return new Map(
    oncall.receivers.map(({ name, escalates, channel, disabledReason = '' }) => [
      name,
      {
        name,
        escalates,
        disabledReason,
        send: channel && createSend(channel, clock),
        ...(channel?.kind === 'alertmanager' && { resendEveryMs: RESEND_EVERY_MS }),
      },
    ]),
  )
}

function createSend(channel: Channel, clock: Clock): Send<Notice> {
  switch (channel.kind) {
    case 'slack':
      return createSlackReceiver(channel)
    case 'pagerduty':
      return createPagerDutyReceiver(channel)
    case 'alertmanager':
      return createAlertmanagerReceiver({ ...channel, clock })
    case 'webhook':
      return createWebhookReceiver({ ...channel, clock })
    case 'email':
      return createEmailReceiver(channel)
  }
}
