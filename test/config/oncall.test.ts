import { inspect } from 'node:util'
import { expect, test } from 'vitest'
import { loadOnCall, type OnCall } from '../../src/config/oncall.ts'

const FILE = `
schema: signalbox.oncall/v1
receivers:
  - { name: l1-chat,  slack: { url: { env: SLACK_URL } } }
  - { name: l1-pager, pagerduty: { routing_key: { env: PD_KEY } }, escalates: true }
  - { name: am, alertmanager: { url: "http://alertmanager:9093" } }
  - { name: hook, webhook: { url: "https://example.com/hook", secret: { env: HOOK_SECRET } } }
  - { name: mail, email: { smtp: { env: SMTP_URL }, from: "a@example.com", to: ["b@example.com"] } }
levels:
  - { name: L1, notify: [l1-pager, l1-chat], ack_within: 5m }
  - { name: L2, notify: [l1-pager, mail], ack_within: 10m, repeat: 3 }
chains: { serving: [L1, L2] }
routes:
  - { match: { severity: critical, mitigation: [partial, blocked] }, chain: serving, start: [L1, L2] }
  - { match: { severity: critical }, chain: serving, wait_for_mitigation: 15s }
mute: []
dead_man: { url: { env: DEAD_MAN_URL }, every: 30s }
`
const ENV = { SLACK_URL: 'https://hooks.example/T1', PD_KEY: 'R0123', SMTP_URL: 'smtp://localhost' }

function load(text: string, speed = 1): OnCall {
  const result = loadOnCall({ file: 'oncall.yaml', text, env: ENV, speed })
  if (result.status === 'invalid') throw new Error(JSON.stringify(result.errors))
  return result.value
}

test('the example of the contract loads, with units in names and defaults filled in', () => {
  const oncall = load(FILE)
  expect(oncall.levels).toEqual([
    { name: 'L1', notify: ['l1-pager', 'l1-chat'], ackWithinMs: 300_000, repeatCount: 0 },
    { name: 'L2', notify: ['l1-pager', 'mail'], ackWithinMs: 600_000, repeatCount: 3 },
  ])
  expect(
    oncall.routes.map(({ start, waitForMitigationMs }) => ({ start, waitForMitigationMs })),
  ).toEqual([
    { start: ['L1', 'L2'], waitForMitigationMs: 0 },
    { start: ['L1'], waitForMitigationMs: 15_000 },
  ])
  expect(oncall.receivers.map((one) => one.escalates)).toEqual([false, true, false, false, false])
  expect(load(FILE, 10).levels[0]?.ackWithinMs).toBe(30_000)
})

test('an unset variable disables its receiver, with a warning', () => {
  const result = loadOnCall({ file: 'oncall.yaml', text: FILE, env: ENV })
  expect(result).toMatchObject({
    status: 'ok',
    warnings: [
      'receiver hook is disabled: HOOK_SECRET is not set',
      'dead_man is off: DEAD_MAN_URL is not set',
    ],
  })
  expect(load(FILE).receivers.find((one) => one.name === 'hook')?.channel).toBeUndefined()
})

test('secrets cannot be printed', () => {
  const oncall = load(FILE)
  const printed = `${JSON.stringify(oncall)} ${inspect(oncall, { depth: 9 })} ${oncall.receivers.map((one) => (one.channel?.kind === 'slack' ? `${one.channel.url}` : ''))}`
  expect(printed).not.toContain('R0123')
  expect(printed).not.toContain('hooks.example')
})

test.for([
  { wrong: 'chains: { serving: [L9] }', key: 'chains.serving[0]', message: /L9 is not known/ },
  {
    wrong: 'levels: [{ name: L1, notify: [nobody] }]',
    key: 'levels[0].notify[0]',
    message: /nobody/,
  },
  { wrong: 'routes: [{ chain: none }]', key: 'routes[0].chain', message: /no chain/ },
  {
    wrong: 'receivers: [{ name: a, slack: { url: x }, email: { smtp: x, from: a, to: [b] } }]',
    key: 'receivers[0]',
    message: /exactly one/,
  },
  {
    wrong: 'receivers: [{ name: a, slack: { url: x, chanel: y } }]',
    key: 'receivers[0].slack.chanel',
    message: /chanel/,
  },
  {
    wrong: 'mute: [{ days: [mon], from: "25:00", until: "08:00" }]',
    key: 'mute[0].from',
    message: /HH:MM/,
  },
  { wrong: 'dead_man: { url: x, every: soon }', key: 'dead_man.every', message: /duration/ },
])('$wrong is refused at $key', ({ wrong, key, message }) => {
  const text = `schema: signalbox.oncall/v1\n${wrong}\n`
  const result = loadOnCall({ file: 'oncall.yaml', text, env: {} })
  if (result.status === 'ok') throw new Error('accepted')
  expect(result.errors[0]).toMatchObject({ file: 'oncall.yaml', line: 2, key })
  expect(result.errors[0]?.message).toMatch(message)
})

test('a misspelt word in a matcher is refused: it would never match', () => {
  const text = FILE.replace('[partial, blocked]', '[partal]')
  const result = loadOnCall({ file: 'oncall.yaml', text, env: ENV })
  expect(result).toMatchObject({ errors: [{ line: 14, key: 'routes[0].match.mitigation[0]' }] })
})

test('the shipped file loads, with zero receivers; an absent one too', () => {
  for (const file of ['alerts/oncall.yaml', 'alerts/nothing.yaml']) {
    const result = loadOnCall({ file, env: {} })
    expect(result).toMatchObject({
      status: 'ok',
      warnings: [],
      value: { receivers: [], routes: [] },
    })
  }
})

test('the commented examples of the shipped file load when uncommented', async () => {
  const { readFileSync } = await import('node:fs')
  const text = readFileSync('alerts/oncall.yaml', 'utf8')
    .replace(/^(\w+): (\[\]|\{\})$/gm, '$1:')
    .replace(/^#( {2,}[-\w ].*)$/gm, (line, rest: string) =>
      /^ {2,}(- |\w+: |chain|start)/.test(rest) ? rest : line,
    )
    .replace(/^# (dead_man)/m, '$1')
  const oncall = loadOnCall({
    file: 'oncall.yaml',
    text,
    env: { ...ENV, HOOK_SECRET: 'AAAA', DEAD_MAN_URL: 'http://x' },
  })
  expect(oncall).toMatchObject({ status: 'ok', warnings: [] })
  expect(oncall.status === 'ok' && oncall.value.receivers).toHaveLength(5)
  expect(oncall.status === 'ok' && oncall.value.mute).toHaveLength(2)
})
