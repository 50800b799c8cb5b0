import { existsSync } from 'node:fs'
import { z } from 'zod'
import type { SubscriptionEvent } from '../model/delivery.ts'
import { EnvText } from './fields.ts'
import { loadYamlOrThrow } from './load-yaml.ts'
import type { Environment } from './settings.ts'

const SECRET_BYTES_MIN = 24
const SECRET_BYTES_MAX = 64

const Subscriber = z.strictObject({
  router: z.string().min(1).max(200),
  url: z.url({ protocol: /^https?$/ }),
  /** Two at most: during a rotation every push carries a signature of each. */
  secret: z.union([EnvText, z.array(EnvText).min(1).max(2)]),
  routes: z.array(z.string().min(1)).min(1).default(['*']),
  events: z
    .array(z.enum(['failover.state.v1', 'failover.heartbeat.v1']))
    .min(1)
    .default(['failover.state.v1']),
  resolve: z
    .enum(['one', 'each'])
    .default('one')
    .refine(
      (resolve) => resolve === 'one',
      'each is not supported yet: list every router with an address of its own',
    ),
})

/** `alerts/subscribers.yaml`: the subscriptions that are kept in Git. */
export const Subscribers = z.strictObject({
  schema: z.literal('signalbox.subscribers/v1'),
  subscribers: z.array(Subscriber).default([]),
})

/** A subscriber whose secrets are known. */
export interface FileSubscriber {
  readonly router: string
  readonly url: string
  /** `whsec_` + base64 of 24 to 64 bytes, newest first. */
  readonly secrets: readonly string[]
  readonly routes: readonly string[]
  readonly events: readonly SubscriptionEvent[]
}

export interface LoadedSubscribers {
  readonly subscribers: readonly FileSubscriber[]
  /** Routers that are left out because their secret is not set, or is none, and what to do. */
  readonly warnings: readonly string[]
}

/**
 * Reads the file, which may be absent. An unset variable leaves out that one subscriber: the other
 * routers must hear of a failover all the same.
 *
 * @throws AppError CONFIG_INVALID naming file, line and key
 */
export function loadSubscribers(options: {
  readonly file: string
  readonly env: Environment
}): LoadedSubscribers {
  const { file, env } = options
  if (!existsSync(file)) return { subscribers: [], warnings: [] }
  const subscribers: FileSubscriber[] = []
  const warnings: string[] = []
  for (const { secret, resolve: _, ...own } of loadYamlOrThrow({ file, schema: Subscribers })
    .subscribers) {
    const texts = Array.isArray(secret) ? secret : [secret]
    const fault = texts.map((text) => faultOf(text, env)).find((one) => one !== undefined)
    if (fault !== undefined)
      warnings.push(`subscriber ${own.router} is not told anything: ${fault}`)
    else subscribers.push({ ...own, secrets: texts.map((text) => reveal(text, env) ?? '') })
  }
  return { subscribers, warnings }
}

/** True for `whsec_` + base64 of 24 to 64 bytes, as Standard Webhooks wants symmetric secrets. */
function isWebhookSecret(text: string): boolean {
  const [, base64 = ''] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(text) ?? []
  const { length } = Buffer.from(base64, 'base64')
  return length >= SECRET_BYTES_MIN && length <= SECRET_BYTES_MAX
}

/** Never names the secret itself. */
function faultOf(text: z.output<typeof EnvText>, env: Environment): string | undefined {
  const secret = reveal(text, env)
  const name = typeof text === 'string' ? 'its secret' : text.env
  if (secret === undefined || secret === '') return `${name} is not set`
  return isWebhookSecret(secret) ? undefined : `${name} is not whsec_ + base64 of 24 to 64 bytes`
}

function reveal(text: z.output<typeof EnvText>, env: Environment): string | undefined {
  return typeof text === 'string' ? text : env[text.env]
}
