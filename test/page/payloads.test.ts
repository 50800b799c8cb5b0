import { Webhook } from 'standardwebhooks'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createSecret } from '../../src/lib/secret.ts'
import { createTurnedClock } from '../../src/lib/turned-clock.ts'
import type { Notice } from '../../src/model/notice.ts'
import { createAlertmanagerReceiver } from '../../src/page/alertmanager.ts'
import { createPagerDutyReceiver } from '../../src/page/pagerduty.ts'
import { createSlackReceiver } from '../../src/page/slack.ts'
import { createWebhookReceiver } from '../../src/page/webhook.ts'
import { incidentOf, type NoticeFields, noticeOf, OPENED_MS } from './fakes.ts'
import { type ReceivingServer, startReceivingServer } from './receiving-server.ts'

// The exact payload of each dialect, as a real server got it.

const clock = createTurnedClock(OPENED_MS)
const signal = new AbortController().signal
const HEADLINE = 'Traffic moved to edge-local (confirmed, 1.3 s). 0.4 % of requests fail now.'
const TITLE = 'preview: 47 % of attempts on cloud-eu failed in 90s'
const LINKS = [
  { text: 'Console', href: 'http://signalbox:8080/#/incidents/inc_1' },
  { text: 'Report', href: 'http://signalbox:8080/api/v1/incidents/inc_1/report?format=html' },
  { text: 'Runbook', href: 'https://example.com/runbook' },
]
const FACTS = {
  Severity: 'critical',
  Mitigation: 'confirmed',
  'User impact': '0.4 % of requests fail',
  Since: '2026-01-11T13:59:24.000Z',
  'primary-failing': '0.472 (limit 0.4, n = 212, 90 s, firing)',
}

let server: ReceivingServer
beforeEach(async () => {
  server = await startReceivingServer()
})
afterEach(() => server.close())

async function tell(
  kind: 'slack' | 'pagerduty' | 'alertmanager' | 'webhook',
  fields: NoticeFields = {},
) {
  const url = createSecret(`${server.url}/${kind}`)
  const send = {
    slack: () => createSlackReceiver({ url }),
    pagerduty: () => createPagerDutyReceiver({ url, routingKey: createSecret('R0123') }),
    alertmanager: () => createAlertmanagerReceiver({ url: createSecret(server.url), clock }),
    webhook: () => createWebhookReceiver({ url, clock, secret: createSecret(SECRET) }),
  }[kind]()
  const notice: Notice = noticeOf(fields)
  expect(await send(notice, signal)).toEqual({ status: 'ok' })
  return server.seen.at(-1) as NonNullable<(typeof server.seen)[0]>
}
const SECRET = `whsec_${Buffer.alloc(32, 7).toString('base64')}`

test('Slack: one message, what was done first, links, nothing by colour alone', async () => {
  const { path, body } = await tell('slack', { incident: { title: 'a < b & c' } })
  expect(path).toBe('/slack')
  expect(body).toEqual({
    text: `${HEADLINE} a &lt; b &amp; c`,
    blocks: [
      { type: 'section', text: { type: 'mrkdwn', text: `*${HEADLINE}*` } },
      { type: 'section', text: { type: 'mrkdwn', text: '[critical] a &lt; b &amp; c' } },
      {
        type: 'section',
        fields: Object.entries(FACTS).map(([name, value]) => ({
          type: 'mrkdwn',
          text: `*${name}*\n${value}`,
        })),
      },
      {
        type: 'section',
        text: { type: 'mrkdwn', text: LINKS.map((one) => `<${one.href}|${one.text}>`).join(' · ') },
      },
      { type: 'context', elements: [{ type: 'mrkdwn', text: 'inc_1 · L1 · critical · opened' }] },
    ],
  })
})

test('Slack: texts stay under 3,000 characters', async () => {
  const { body } = await tell('slack', { incident: { title: '🚂'.repeat(5_000) } })
  const { text, blocks } = body as { text: string; blocks: { text?: { text: string } }[] }
  expect([...text].length).toBeLessThanOrEqual(3_000)
  expect(Buffer.from(text).toString()).toBe(text)
  for (const block of blocks)
    expect([...(block.text?.text ?? '')].length).toBeLessThanOrEqual(3_000)
})

test('PagerDuty: a trigger by the incident as dedup_key', async () => {
  const { path, body } = await tell('pagerduty')
  expect(path).toBe('/pagerduty')
  expect(body).toEqual({
    routing_key: 'R0123',
    event_action: 'trigger',
    dedup_key: 'inc_1',
    payload: {
      summary: `${HEADLINE} ${TITLE}`,
      source: 'preview',
      severity: 'critical',
      timestamp: '2026-01-11T14:00:00.000Z',
      component: 'cloud-eu',
      group: 'preview',
      class: 'errors',
      custom_details: {
        done: HEADLINE,
        incident: 'inc_1',
        level: 'L1',
        mitigation: 'confirmed',
        user_impact: 0.004,
        ...FACTS,
      },
    },
    links: LINKS,
    client: 'Signalbox',
    client_url: LINKS[0]?.href,
  })
})

test.for([
  { phase: 'updated', action: 'trigger' },
  { phase: 'acknowledged', action: 'acknowledge' },
  { phase: 'resolved', action: 'resolve' },
] as const)('PagerDuty: $phase is $action', async ({ phase, action }) => {
  const { body } = await tell('pagerduty', { phase })
  expect(body).toMatchObject({ event_action: action, dedup_key: 'inc_1', routing_key: 'R0123' })
})

test('Alertmanager: one alert that lapses after three intervals', async () => {
  const { path, body } = await tell('alertmanager')
  expect(path).toBe('/api/v2/alerts')
  expect(body).toEqual([
    {
      labels: {
        alertname: 'SignalboxIncident',
        incident: 'inc_1',
        team: 'serving',
        class: 'errors',
        target: 'cloud-eu',
        rule: 'primary-failing',
        severity: 'critical',
        mitigation: 'confirmed',
        route: 'preview',
      },
      annotations: {
        summary: TITLE,
        description: HEADLINE,
        user_impact: '0.4 % of requests fail',
        state: 'open',
        runbook_url: 'https://example.com/runbook',
        severity: 'critical',
        mitigation: 'confirmed',
        since: '2026-01-11T13:59:24.000Z',
        primary_failing: FACTS['primary-failing'],
      },
      startsAt: '2026-01-11T14:00:00.000Z',
      endsAt: '2026-01-11T14:03:00.000Z',
      generatorURL: LINKS[0]?.href,
    },
  ])
})

test('Alertmanager: another mitigation ends the alert under the earlier labels', async () => {
  const earlierLabels = { severity: 'critical', mitigation: 'pending' }
  const { body } = await tell('alertmanager', { phase: 'updated', earlierLabels })
  expect(body).toMatchObject([
    { labels: { mitigation: 'pending' }, endsAt: '2026-01-11T14:00:00.000Z' },
    { labels: { mitigation: 'confirmed' }, endsAt: '2026-01-11T14:03:00.000Z' },
  ])
  const resolved = await tell('alertmanager', { phase: 'resolved' })
  expect(resolved.body).toMatchObject([{ endsAt: '2026-01-11T14:00:00.000Z' }])
})

test.for(['opened', 'updated', 'acknowledged', 'resolved'] as const)(
  'webhook: incident.%s with the incident as data, signed by Standard Webhooks',
  async (phase) => {
    const { headers, text, body } = await tell('webhook', {
      phase,
      incident: { acknowledged_by: 'ana' },
    })
    const { labels, ...rest } = incidentOf({ acknowledged_by: 'ana' })
    expect(body).toMatchObject({
      type: `incident.${phase}`,
      timestamp: '2026-01-11T14:00:00.000Z',
      data: {
        ...rest,
        level: 'L1',
        labels: { ...labels, severity: 'critical', mitigation: 'confirmed', user_impact: '0.004' },
      },
    })
    const id = headers['webhook-id'] as string
    expect(id).not.toContain('.')
    const oracle = new Webhook(SECRET).sign(id, new Date(clock.nowMs()), text)
    expect(headers['webhook-signature']).toBe(oracle)
    expect(headers['webhook-timestamp']).toBe(String(OPENED_MS / 1_000))
  },
)

test('webhook: bodies stay under 20 kB, the newest rows first to stay', async () => {
  const row = {
    at: '2026-01-11T14:00:00.000Z',
    clock: 'signalbox',
    kind: 'rule',
    text: 'x'.repeat(200),
  }
  const small = await tell('webhook', {
    incident: { timeline: Array.from({ length: 250 }, () => row) },
  })
  expect((small.body as { data: { timeline: unknown[] } }).data.timeline).toHaveLength(20)
  const big = { ...row, text: 'x'.repeat(4_000) }
  const large = await tell('webhook', {
    incident: { timeline: Array.from({ length: 250 }, () => big) },
  })
  expect(large.text.length).toBeLessThan(20_000)
})

test('a link-local address is never told', async () => {
  const send = createSlackReceiver({ url: createSecret('http://169.254.169.254/latest') })
  expect(await send(noticeOf(), signal)).toMatchObject({ status: 'reject' })
})

test('a runbook of sentences is a fact, not a link that leads nowhere', () => {
  const { links, facts } = noticeOf({ incident: { runbook: 'Look at the quota first.' } })
  expect(links).toEqual(LINKS.slice(0, 2))
  expect(facts.at(-1)).toEqual({ name: 'Runbook', value: 'Look at the quota first.' })
})
