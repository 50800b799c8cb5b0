import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import type { Send } from '../../src/lib/outcome.ts'
import { createSecret } from '../../src/lib/secret.ts'
import { createTurnedClock } from '../../src/lib/turned-clock.ts'
import type { Notice } from '../../src/model/notice.ts'
import { createAlertmanagerReceiver } from '../../src/page/alertmanager.ts'
import { deadlined } from '../../src/page/deadlined.ts'
import { createPagerDutyReceiver } from '../../src/page/pagerduty.ts'
import { createSlackReceiver } from '../../src/page/slack.ts'
import { createWebhookReceiver } from '../../src/page/webhook.ts'
import { noticeOf } from '../page/fakes.ts'
import {
  type Answer,
  type ReceivingServer,
  startReceivingServer,
} from '../page/receiving-server.ts'

// Every receiver meets every bad answer, on real sockets. No outcome may show a secret, though the
// server echoes all that it got.

const SECRETS = ['T0K3NT0K3N', 'R0UT1NGK3Y', Buffer.alloc(24, 9).toString('base64'), 'hunter22']
const clock = createTurnedClock()
let server: ReceivingServer
let close: () => Promise<void>
beforeEach(async () => {
  server = await startReceivingServer()
  close = server.close
})
afterEach(() => close())

const RECEIVERS: Record<string, () => Send<Notice>> = {
  slack: () => createSlackReceiver({ url: createSecret(`${server.url}/services/${SECRETS[0]}`) }),
  pagerduty: () =>
    createPagerDutyReceiver({
      url: createSecret(`${server.url}/v2/enqueue`),
      routingKey: createSecret(SECRETS[1] ?? ''),
    }),
  webhook: () =>
    createWebhookReceiver({
      url: createSecret(`${server.url}/hook/${SECRETS[0]}`),
      secret: createSecret(`whsec_${SECRETS[2]}`),
      clock,
    }),
  alertmanager: () =>
    createAlertmanagerReceiver({
      url: createSecret(server.url.replace('http://', `http://user:${SECRETS[3]}@`)),
      clock,
    }),
}
const ANSWERS: readonly { answer: Answer; expected: object }[] = [
  { answer: { status: 200 }, expected: { status: 'ok' } },
  { answer: { status: 202 }, expected: { status: 'ok' } },
  { answer: { status: 400 }, expected: { status: 'reject', reason: /^HTTP 400/ } },
  { answer: { status: 404 }, expected: { status: 'reject', reason: /^HTTP 404/ } },
  {
    answer: { status: 301, headers: { location: 'http://169.254.169.254/' } },
    expected: { status: 'reject', reason: /^HTTP 301/ },
  },
  {
    answer: { status: 429, headers: { 'retry-after': '7' } },
    expected: { status: 'retry', reason: /^HTTP 429/, afterMs: 7_000 },
  },
  { answer: { status: 503 }, expected: { status: 'retry', reason: /^HTTP 503/ } },
  { answer: 'reset', expected: { status: 'retry', reason: /./ } },
  { answer: 'hang', expected: { status: 'retry', reason: /^no answer within 5 s/ } },
]

describe.for(Object.keys(RECEIVERS))('%s', (name) => {
  test.for(ANSWERS)('$answer gives $expected.status', async ({ answer, expected }) => {
    server.answer(answer)
    const send = deadlined((RECEIVERS[name] as () => Send<Notice>)(), { clock, deadlineMs: 5_000 })
    const pending = send(noticeOf(), new AbortController().signal)
    await server.received(1)
    if (answer === 'hang') clock.turn(5_000)
    const outcome = await pending
    const { reason, ...rest } = expected as { reason?: RegExp }
    expect(outcome).toMatchObject(rest)
    if (reason) expect('reason' in outcome && outcome.reason).toMatch(reason)
    for (const secret of SECRETS) expect(JSON.stringify(outcome)).not.toContain(secret)
    expect(server.seen).toHaveLength(1)
  })

  test('nobody listening is worth trying again', async () => {
    const send = (RECEIVERS[name] as () => Send<Notice>)()
    await server.close()
    close = async () => {}
    const outcome = await send(noticeOf(), new AbortController().signal)
    expect(outcome).toMatchObject({ status: 'retry', reason: 'ECONNREFUSED' })
  })
})
