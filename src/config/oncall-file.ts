import { z } from 'zod'
import { Duration, DurationOr, EnvText, Matchers } from './fields.ts'

// `alerts/oncall.yaml` as it is written: who is told, in which order, by which channel, with every
// name checked against the others. `oncall.ts` reads its secrets from the environment.

const SEVERITIES = ['info', 'warning', 'error', 'critical']
const MITIGATIONS = ['pending', 'confirmed', 'partial', 'unverified', 'blocked', 'latched', 'none']

const Channels = {
  slack: z.strictObject({ url: EnvText }),
  pagerduty: z.strictObject({
    routing_key: EnvText,
    url: EnvText.default('https://events.pagerduty.com/v2/enqueue'),
  }),
  alertmanager: z.strictObject({ url: EnvText }),
  /** Without `secret` it is not signed. */
  webhook: z.strictObject({ url: EnvText, secret: EnvText.optional() }),
  email: z.strictObject({ smtp: EnvText, from: z.string(), to: z.array(z.string()).min(1) }),
}

const Receiver = z
  .strictObject({
    name: z.string().min(1),
    /** It has an acknowledgement timer of its own (PagerDuty), so ours does not run. */
    escalates: z.boolean().default(false),
    slack: Channels.slack.optional(),
    pagerduty: Channels.pagerduty.optional(),
    alertmanager: Channels.alertmanager.optional(),
    webhook: Channels.webhook.optional(),
    email: Channels.email.optional(),
  })
  .refine(
    (one) => Object.keys(Channels).filter((key) => key in one).length === 1,
    `needs exactly one of ${Object.keys(Channels).join(', ')}`,
  )

const Level = z.strictObject({
  name: z.string().min(1),
  /** The second is used when the first did not accept within 10 s. */
  notify: z.array(z.string()).min(1),
  /** From delivery; absent: nobody is woken when it is not acknowledged. */
  ack_within: Duration.optional(),
  repeat: z.number().int().min(0).max(20).default(0),
})

const Route = z.strictObject({
  match: Matchers.default({}),
  chain: z.string(),
  /** Levels told at once; default the chain's first. */
  start: z.array(z.string()).min(1).optional(),
  wait_for_mitigation: Duration.default(0),
})

const TIME = /^([01]\d|2[0-3]):[0-5]\d$/
const TIME_HINT = 'expected a time such as 2026-12-01T20:00:00Z, or HH:MM beside `days`'
const Mute = z.union([
  z.strictObject({
    match: Matchers.default({}),
    reason: z.string().default(''),
    from: z.iso.datetime({ offset: true, error: TIME_HINT }),
    until: z.iso.datetime({ offset: true, error: TIME_HINT }),
  }),
  z.strictObject({
    match: Matchers.default({}),
    reason: z.string().default(''),
    /** Days on which it begins; past midnight it goes on into the next one. */
    days: z.array(z.enum(['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'])).min(1),
    from: z.string().regex(TIME, TIME_HINT),
    until: z.string().regex(TIME, TIME_HINT),
    time_zone: z.string().refine(isTimeZone, 'not a known time zone').default('UTC'),
  }),
])

export const OnCallSchema = z
  .strictObject({
    schema: z.literal('signalbox.oncall/v1'),
    receivers: z.array(Receiver).default([]),
    levels: z.array(Level).default([]),
    chains: z.record(z.string(), z.array(z.string()).min(1)).default({}),
    routes: z.array(Route).default([]),
    mute: z.array(Mute).default([]),
    dead_man: z.strictObject({ url: EnvText, every: DurationOr('30s') }).optional(),
  })
  .superRefine((file, context) => {
    for (const { path, message } of faultsOf(file)) {
      context.addIssue({ code: 'custom', path: [...path], message })
    }
  })

export type OnCallFile = z.output<typeof OnCallSchema>

interface Fault {
  readonly path: readonly (string | number)[]
  readonly message: string
}

function faultsOf(file: OnCallFile): Fault[] {
  const receivers = new Set(file.receivers.map((one) => one.name))
  const levels = new Set(file.levels.map((one) => one.name))
  return [
    ...twice(file.receivers, 'receivers'),
    ...twice(file.levels, 'levels'),
    ...file.levels.flatMap(({ notify }, i) => unknown(notify, receivers, ['levels', i, 'notify'])),
    ...Object.entries(file.chains).flatMap(([name, chain]) =>
      unknown(chain, levels, ['chains', name]),
    ),
    ...file.routes.flatMap((route, i) => routeFaults(route, file.chains[route.chain], i)),
  ]
}

function routeFaults(
  route: OnCallFile['routes'][number],
  chain: readonly string[] | undefined,
  index: number,
): Fault[] {
  const path = ['routes', index]
  if (!chain) return [{ path: [...path, 'chain'], message: `no chain is called ${route.chain}` }]
  const words = (key: string, known: readonly string[]): Fault[] => {
    const wanted = route.match[key]
    if (wanted === undefined || (typeof wanted === 'object' && !Array.isArray(wanted))) return []
    return unknown([wanted].flat().map(String), new Set(known), [...path, 'match', key])
  }
  return [
    ...unknown(route.start ?? [], new Set(chain), [...path, 'start']),
    ...words('severity', SEVERITIES),
    ...words('mitigation', MITIGATIONS),
  ]
}

function unknown(
  names: readonly string[],
  known: ReadonlySet<string>,
  path: readonly (string | number)[],
): Fault[] {
  return names.flatMap((name, i) =>
    known.has(name)
      ? []
      : [{ path: [...path, i], message: `${name} is not known; known: ${[...known].join(', ')}` }],
  )
}

function twice(items: readonly { readonly name: string }[], key: string): Fault[] {
  return items.flatMap(({ name }, i) =>
    items.findIndex((one) => one.name === name) === i
      ? []
      : [{ path: [key, i, 'name'], message: `${name} stands here twice` }],
  )
}

function isTimeZone(zone: string): boolean {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone })
    return true
  } catch {
    return false
  }
}
