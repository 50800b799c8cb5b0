import { createHash, createHmac, randomBytes } from 'node:crypto'

// Standard Webhooks 1.0, symmetric: HMAC-SHA256 over `id.timestamp.body`. During a rotation each
// push carries one signature per secret, separated by a space.

/** 32 random bytes, between the 24 and 64 that the specification asks for. */
export function createWebhookSecret(): string {
  return `whsec_${randomBytes(32).toString('base64')}`
}

/** The same version to the same subscription has the same id, also after a restart. */
export function webhookIdOf(...parts: readonly (string | number)[]): string {
  return `msg_${createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32)}`
}

export interface SignInput {
  readonly id: string
  readonly atUnixMs: number
  readonly body: string
  readonly secrets: readonly string[]
}

/** The three headers of Standard Webhooks. */
export function signatureHeaders({ id, atUnixMs, body, secrets }: SignInput) {
  const timestamp = String(Math.floor(atUnixMs / 1_000))
  const signatures = secrets.map((secret) => {
    const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
    const digest = createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')
    return `v1,${digest}`
  })
  return {
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': signatures.join(' '),
  }
}
