import type { Send } from '../lib/outcome.ts'
import type { Secret } from '../lib/secret.ts'
import type { Notice } from '../model/notice.ts'
import { post } from './http-post.ts'
import { truncate } from './truncate.ts'

// Events API v2. One alert per incident: `dedup_key` is its id, so that repeats, updates and even a
// second controller never make a second one.
const SUMMARY_MAX = 1_024
const ACTIONS = {
  opened: 'trigger',
  updated: 'trigger',
  acknowledged: 'acknowledge',
  resolved: 'resolve',
} as const

export interface PagerDutyOptions {
  readonly url: Secret
  readonly routingKey: Secret
}

export function createPagerDutyReceiver({ url, routingKey }: PagerDutyOptions): Send<Notice> {
  return (notice, signal) =>
    post({
      url: url.reveal(),
      body: JSON.stringify(toEvent(notice, routingKey.reveal())),
      signal,
      secrets: [url, routingKey],
    })
}

function toEvent(notice: Notice, routingKey: string) {
  const { incident, labels, headline, title, facts, links } = notice
  const action = ACTIONS[notice.phase]
  const identity = {
    routing_key: routingKey,
    event_action: action,
    dedup_key: notice.dedupKey,
  }
  if (action !== 'trigger') return identity
  return {
    ...identity,
    payload: {
      summary: truncate(`${headline} ${title}`, SUMMARY_MAX),
      source: labels.route ?? 'signalbox',
      severity: incident.severity,
      timestamp: incident.opened_at,
      ...(labels.target !== undefined && { component: labels.target }),
      ...(labels.route !== undefined && { group: labels.route }),
      ...(labels.class !== undefined && { class: labels.class }),
      custom_details: {
        done: headline,
        incident: incident.id,
        level: notice.level,
        mitigation: incident.mitigation,
        user_impact: incident.user_impact,
        ...Object.fromEntries(facts.map((one) => [one.name, one.value])),
      },
    },
    links,
    client: 'Signalbox',
    ...(links[0] && { client_url: links[0].href }),
  }
}
