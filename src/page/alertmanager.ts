import type { Clock } from '../lib/clock.ts'
import type { Send } from '../lib/outcome.ts'
import type { Secret } from '../lib/secret.ts'
import type { Notice } from '../model/notice.ts'
import { post } from './http-post.ts'
import { isLink } from './wording.ts'

// Alertmanager keeps no alerts itself: a firing one is sent again each minute and lapses three
// minutes after the last time, so an alert never outlives a dead Signalbox for long. Its labels are
// its identity: what changes by the second (`user_impact`) is an annotation, and when `mitigation` or
// `severity` changes, the alert under the earlier labels is ended in the same request.
export const RESEND_EVERY_MS = 60_000
const PATH = '/api/v2/alerts'
const CHANGING = ['user_impact', 'state']

export interface AlertmanagerOptions {
  readonly url: Secret
  readonly clock: Clock
}

export function createAlertmanagerReceiver({ url, clock }: AlertmanagerOptions): Send<Notice> {
  const address = url.reveal().replace(/\/+$/, '')
  return (notice, signal) =>
    post({
      url: address.endsWith(PATH) ? address : `${address}${PATH}`,
      body: JSON.stringify(toAlerts(notice, clock.nowMs())),
      signal,
      secrets: [url],
    })
}

function toAlerts(notice: Notice, nowMs: number) {
  const endMs = notice.phase === 'resolved' ? nowMs : nowMs + 3 * RESEND_EVERY_MS
  const current = toAlert(notice, { labels: notice.labels, endMs })
  const { earlierLabels } = notice
  const ended = earlierLabels && toAlert(notice, { labels: earlierLabels, endMs: nowMs })
  const isOther = ended && JSON.stringify(ended.labels) !== JSON.stringify(current.labels)
  return isOther ? [ended, current] : [current]
}

function toAlert(
  notice: Notice,
  { labels, endMs }: { readonly labels: Notice['labels']; readonly endMs: number },
) {
  const { incident, headline, title, facts, links } = notice
  return {
    labels: toLabels(notice.dedupKey, labels),
    annotations: {
      summary: title,
      description: headline,
      user_impact: labels.user_impact ?? '',
      state: incident.state,
      ...(incident.acknowledged_by !== undefined && { acknowledged_by: incident.acknowledged_by }),
      ...(isLink(incident.runbook) && { runbook_url: incident.runbook }),
      ...Object.fromEntries(facts.map((one) => [toName(one.name), one.value])),
    },
    startsAt: incident.opened_at,
    endsAt: new Date(endMs).toISOString(),
    ...(links[0] && { generatorURL: links[0].href }),
  }
}

function toLabels(dedupKey: string, labels: Notice['labels']): Record<string, string> {
  const kept = Object.entries(labels).filter(
    ([key, value]) => !CHANGING.includes(key) && value !== '',
  )
  return {
    alertname: 'SignalboxIncident',
    incident: dedupKey,
    ...Object.fromEntries(kept.map(([key, value]) => [toName(key), value])),
  }
}

/** Label names that every Alertmanager takes: letters, digits and underscores. */
function toName(key: string): string {
  return key
    .replace(/[^a-zA-Z0-9_]+/g, '_')
    .replace(/^(?=\d)/, '_')
    .toLowerCase()
}
