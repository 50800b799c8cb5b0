import { createHmac, timingSafeEqual } from 'node:crypto'

// Standard Webhooks 1.0 on the raw bytes. Every trusted secret is tried against every signature, so
// that neither side of a rotation has to be first.

const TOLERANCE_S = 300

export type HeaderValues = Readonly<Record<string, string | readonly string[] | undefined>>

export interface VerifyOptions {
  /** Any case; the first value counts. */
  readonly headers: HeaderValues
  readonly rawBody: Uint8Array | string
  /** `whsec_` + base64. */
  readonly secrets: readonly string[]
  readonly nowMs: number
}

export type Verification =
  | { readonly status: 'ok'; readonly id: string }
  | { readonly status: 'refused'; readonly reason: string }

/** Compares in constant time; the reason never tells which secret was near. */
export function verifySignature(options: VerifyOptions): Verification {
  const header = (name: string) => headerOf(options.headers, name)
  const id = header('webhook-id')
  const timestamp = header('webhook-timestamp')
  const signature = header('webhook-signature')
  if (!id || !timestamp || !signature) return refused('a webhook header is missing')
  if (!/^\d{1,12}$/.test(timestamp)) return refused('webhook-timestamp is not unix seconds')
  if (Math.abs(options.nowMs / 1_000 - Number(timestamp)) > TOLERANCE_S) {
    return refused('webhook-timestamp is more than 5 minutes from this clock')
  }
  const body = typeof options.rawBody === 'string' ? Buffer.from(options.rawBody) : options.rawBody
  const prefix = Buffer.from(`${id}.${timestamp}.`)
  const expected = options.secrets
    .map(keyOf)
    .map((key) => createHmac('sha256', key).update(prefix).update(body).digest())
  const given = signature
    .split(' ')
    .flatMap((part) => (part.startsWith('v1,') ? [Buffer.from(part.slice(3), 'base64')] : []))
    .slice(0, 10)
  let isTrusted = false
  for (const one of given) {
    for (const other of expected) {
      // No early exit: the time taken says nothing about which one matched.
      if (one.length === other.length && timingSafeEqual(one, other)) isTrusted = true
    }
  }
  return isTrusted ? { status: 'ok', id } : refused('no signature matches')
}

function keyOf(secret: string): Buffer {
  return Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
}

function headerOf(headers: HeaderValues, name: string): string | undefined {
  const key = Object.keys(headers).find((one) => one.toLowerCase() === name)
  const value = key === undefined ? undefined : headers[key]
  return typeof value === 'string' ? value : value?.[0]
}

function refused(reason: string): Verification {
  return { status: 'refused', reason }
}
