import { randomUUID } from 'node:crypto'
import { AppError } from '../lib/errors.ts'
import type { StateDocument } from '../model/desired.ts'
import type { Generation } from '../model/generation.ts'
import { clockOffsetOf, readAnswer } from './answer.ts'
import { renderStateBody } from './body.ts'
import type { SendLetter } from './signed.ts'
import type { Subscription } from './subscription.ts'

/** What a test push brought. */
export interface DryRunResult {
  /** = `webhook-id`. */
  readonly id: string
  readonly ok: boolean
  readonly duration_ms: number
  readonly status?: number
  readonly error?: string
  readonly response?: string
  readonly observed?: Generation
  readonly clock_offset_ms?: number | null
}

const DEADLINE_MS = 5_000

/** The state of one of its routes with `dry_run: true`: to be verified and answered, not applied. */
export async function dryRun(options: {
  readonly subscription: Subscription | undefined
  readonly state: StateDocument
  readonly send: SendLetter
}): Promise<DryRunResult> {
  const { subscription, state, send } = options
  if (!subscription) throw new AppError('NOT_FOUND', 'there is no such subscription')
  const routes = Object.values(state.routes)
  const data = routes.find(
    ({ route }) => subscription.routes.includes('*') || subscription.routes.includes(route),
  )
  if (!data) {
    throw new AppError('NOT_READY', 'none of its routes has a state yet: nothing to send')
  }
  const id = `msg_${randomUUID().replaceAll('-', '')}`
  const render = (atUnixMs: number) => renderStateBody({ ...data, dry_run: true }, atUnixMs)
  const letter = { subscription, id, deadlineMs: DEADLINE_MS, render }
  const result = await send(letter, new AbortController().signal)
  const reading = readAnswer(result)
  return {
    id,
    ok: reading.kind === 'pair',
    duration_ms: Math.round(result.durationMs * 10) / 10,
    ...(result.kind === 'answer' && { status: result.status, response: result.text }),
    ...(reading.kind === 'failed' && { error: reading.error }),
    ...(reading.kind === 'pair' && {
      observed: reading.observed,
      clock_offset_ms: clockOffsetOf(result, reading.clockUnixMs),
    }),
  }
}
