import { existsSync } from 'node:fs'
import type { ErrorPlace } from '../lib/errors.ts'
import { compileMatchers, type FieldReader, type Matcher } from '../lib/matcher.ts'
import { createSecret, type Secret } from '../lib/secret.ts'
import { loadYaml } from './load-yaml.ts'
import { type OnCallFile, OnCallSchema } from './oncall-file.ts'

/** `alerts/oncall.yaml`, ready for use: names with units, secrets that cannot be printed. */
export interface OnCall {
  readonly receivers: readonly ReceiverConfig[]
  readonly levels: readonly Level[]
  readonly chains: Readonly<Record<string, readonly string[]>>
  /** First match wins. */
  readonly routes: readonly PageRoute[]
  readonly mute: readonly MuteWindow[]
  readonly deadMan?: { readonly url: Secret; readonly everyMs: number }
}

interface ReceiverConfig {
  readonly name: string
  /** It has an acknowledgement timer of its own, so ours does not run. */
  readonly escalates: boolean
  /** Undefined: disabled, because a variable that it needs is not set. */
  readonly channel: Channel | undefined
  readonly disabledReason?: string
}

export type Channel =
  | { readonly kind: 'slack'; readonly url: Secret }
  | { readonly kind: 'pagerduty'; readonly url: Secret; readonly routingKey: Secret }
  | { readonly kind: 'alertmanager'; readonly url: Secret }
  | { readonly kind: 'webhook'; readonly url: Secret; readonly secret?: Secret }
  | {
      readonly kind: 'email'
      readonly smtp: Secret
      readonly from: string
      readonly to: readonly string[]
    }

export interface Level {
  readonly name: string
  /** Tried in order. */
  readonly notify: readonly string[]
  /** From delivery; absent: it never escalates. */
  readonly ackWithinMs?: number
  /** How often it is told again before the next level is. */
  readonly repeatCount: number
}

export interface PageRoute {
  readonly match: (read: FieldReader) => boolean
  readonly chain: string
  readonly start: readonly string[]
  readonly waitForMitigationMs: number
}

export type MuteWindow = {
  readonly match: (read: FieldReader) => boolean
  readonly reason: string
} & (
  | { readonly fromUnixMs: number; readonly untilUnixMs: number }
  | {
      /** `mon` … `sun`, on which it begins. */
      readonly days: readonly string[]
      readonly fromMinute: number
      /** Not after `fromMinute`: it ends on the next day. */
      readonly untilMinute: number
      readonly timeZone: string
    }
)

export type OnCallResult =
  | { readonly status: 'ok'; readonly value: OnCall; readonly warnings: readonly string[] }
  | { readonly status: 'invalid'; readonly errors: readonly ErrorPlace[] }

interface LoadOnCallOptions {
  readonly file: string
  readonly text?: string
  /** Where `{ env: NAME }` is looked up; an unset one disables its receiver, with a warning. */
  readonly env: Environment
  /** Divides every duration in the file; default 1. */
  readonly speed?: number
}

type Environment = Readonly<Record<string, string | undefined>>

/** Reads and checks the file; an absent one pages nobody. */
export function loadOnCall({ env, ...load }: LoadOnCallOptions): OnCallResult {
  const isAbsent = load.text === undefined && !existsSync(load.file)
  const text = isAbsent ? 'schema: signalbox.oncall/v1' : load.text
  const result = loadYaml({
    ...load,
    ...(text !== undefined && { text }),
    schema: OnCallSchema,
  })
  return result.status === 'ok' ? { status: 'ok', ...resolve(result.value, env) } : result
}

function resolve(file: OnCallFile, env: Environment) {
  const reader = createEnvReader(env)
  const receivers = file.receivers.map((one) => toReceiver(one, reader))
  const deadManUrl = file.dead_man && reader.read(file.dead_man.url)
  const warnings = receivers.flatMap(({ name, disabledReason }) =>
    disabledReason === undefined ? [] : [`receiver ${name} is disabled: ${disabledReason}`],
  )
  const missing = reader.takeMissing()
  if (missing.length > 0) warnings.push(`dead_man is off: ${missing.join(', ')} is not set`)
  const value: OnCall = {
    receivers,
    levels: file.levels.map(({ name, notify, ack_within, repeat }) => ({
      name,
      notify,
      ...(ack_within !== undefined && { ackWithinMs: ack_within }),
      repeatCount: repeat,
    })),
    chains: file.chains,
    routes: file.routes.map((route) => ({
      match: compileMatchers(route.match as Record<string, Matcher>),
      chain: route.chain,
      start: route.start ?? file.chains[route.chain]?.slice(0, 1) ?? [],
      waitForMitigationMs: route.wait_for_mitigation,
    })),
    mute: file.mute.map(toMuteWindow),
    ...(file.dead_man &&
      deadManUrl && { deadMan: { url: deadManUrl, everyMs: file.dead_man.every } }),
  }
  return { value, warnings }
}

type EnvText = string | { readonly env: string }

/** Reads `{ env: NAME }`, and remembers which names were not set. */
function createEnvReader(env: Environment) {
  const missing: string[] = []
  return {
    read(text: EnvText): Secret | undefined {
      const value = typeof text === 'string' ? text : env[text.env]
      if (value !== undefined && value !== '') return createSecret(value)
      missing.push(typeof text === 'string' ? 'an empty text' : text.env)
      return undefined
    },
    takeMissing: () => missing.splice(0),
  }
}

type EnvReader = ReturnType<typeof createEnvReader>

function toReceiver(one: OnCallFile['receivers'][number], reader: EnvReader): ReceiverConfig {
  const channel = toChannel(one, reader)
  const missing = reader.takeMissing()
  const { name, escalates } = one
  if (missing.length === 0) return { name, escalates, channel }
  return { name, escalates, channel: undefined, disabledReason: `${missing.join(', ')} is not set` }
}

function toChannel(
  { slack, pagerduty, alertmanager, webhook, email }: OnCallFile['receivers'][number],
  { read }: EnvReader,
): Channel | undefined {
  if (slack) return withUrl(read(slack.url), (url) => ({ kind: 'slack', url }))
  if (alertmanager) {
    return withUrl(read(alertmanager.url), (url) => ({ kind: 'alertmanager', url }))
  }
  if (pagerduty) {
    const routingKey = read(pagerduty.routing_key)
    return withUrl(read(pagerduty.url), (url) =>
      routingKey ? { kind: 'pagerduty', url, routingKey } : undefined,
    )
  }
  if (webhook) {
    const secret = webhook.secret === undefined ? undefined : read(webhook.secret)
    return withUrl(read(webhook.url), (url) => ({
      kind: 'webhook',
      url,
      ...(secret && { secret }),
    }))
  }
  if (!email) return undefined
  return withUrl(read(email.smtp), (smtp) => ({
    kind: 'email',
    smtp,
    from: email.from,
    to: email.to,
  }))
}

function withUrl(url: Secret | undefined, build: (url: Secret) => Channel | undefined) {
  return url && build(url)
}

function toMuteWindow(window: OnCallFile['mute'][number]): MuteWindow {
  const base = {
    match: compileMatchers(window.match as Record<string, Matcher>),
    reason: window.reason,
  }
  if (!('days' in window)) {
    const { from, until } = window
    return { ...base, fromUnixMs: Date.parse(from), untilUnixMs: Date.parse(until) }
  }
  return {
    ...base,
    days: window.days,
    fromMinute: minuteOf(window.from),
    untilMinute: minuteOf(window.until),
    timeZone: window.time_zone,
  }
}

function minuteOf(time: string): number {
  const [hours = 0, minutes = 0] = time.split(':').map(Number)
  return hours * 60 + minutes
}
