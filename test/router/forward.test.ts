import { expect, test } from 'vitest'
import { createTurnedClock } from '../../src/lib/turned-clock.ts'
import type { AttemptContext, AttemptResult } from '../../src/router/forward.ts'
import { type DocumentOptions, document, push, startClient } from './fakes.ts'

type Answer = AttemptResult<string> | 'hang' | 'throw'

const OK: AttemptResult<string> = { outcome: 'ok', value: 'image' }
const FAILED: AttemptResult<string> = { outcome: 'failed' }

/** The primary serves everything; answers are given per target. */
function start(answers: Record<string, Answer>, rescue: DocumentOptions['rescue'] = {}) {
  const clock = createTurnedClock()
  const client = startClient({ clock, random: () => 0 })
  const targets = [{ target: 'cloud-eu', weight: 1 }]
  client.handleWebhook(push(clock, document({ targets, rescue })))
  const contexts: AttemptContext[] = []
  const forward = (more: { retryable?: boolean; signal?: AbortSignal; deadlineMs?: number } = {}) =>
    client.forward<string>({
      route: 'preview',
      retryable: true,
      ...more,
      attempt: async (target, context) => {
        contexts.push(context)
        const answer = answers[target] ?? OK
        if (answer === 'throw') throw new Error('socket hang up')
        return answer === 'hang' ? new Promise(() => {}) : answer
      },
    })
  const counters = () => client.status().routes.preview?.targets
  return { clock, client, forward, contexts, counters }
}

const tried = (targets: string) =>
  targets.split(' ').map((text) => {
    const [target, outcome] = text.split('=')
    return { target, outcome }
  })

test.for<{ what: string; primary: Answer; retryable?: boolean; outcome: string; attempts: string }>(
  [
    { what: 'ok', primary: OK, outcome: 'ok', attempts: 'cloud-eu=ok' },
    { what: 'failed', primary: FAILED, outcome: 'ok', attempts: 'cloud-eu=failed edge-local=ok' },
    {
      what: 'throwing',
      primary: 'throw',
      outcome: 'ok',
      attempts: 'cloud-eu=failed edge-local=ok',
    },
    {
      what: 'failed for good',
      primary: { outcome: 'failed', retryable: false },
      outcome: 'failed',
      attempts: 'cloud-eu=failed',
    },
    {
      what: 'refusing the prompt',
      primary: { outcome: 'rejected' },
      outcome: 'rejected',
      attempts: 'cloud-eu=rejected',
    },
    {
      what: 'failed, for a request that must not be repeated',
      primary: FAILED,
      retryable: false,
      outcome: 'failed',
      attempts: 'cloud-eu=failed',
    },
  ],
)('with a primary that is $what the request is $outcome', async (row) => {
  const { forward } = start({ 'cloud-eu': row.primary })
  const result = await forward(row.retryable === undefined ? {} : { retryable: row.retryable })
  expect(result).toMatchObject({ outcome: row.outcome, generation: '1.2' })
  expect(result.attempts).toEqual(tried(row.attempts))
})

test('a rescue is tried once, and counted on its own target', async () => {
  const { forward, counters, contexts } = start({ 'cloud-eu': FAILED, 'edge-local': FAILED })
  expect((await forward()).outcome).toBe('failed')
  expect(contexts.map(({ isRescue }) => isRescue)).toEqual([false, true])
  expect(counters()).toMatchObject({
    'cloud-eu': { started: 1, failed: 1, inflight: 0 },
    'edge-local': { started: 1, failed: 1, inflight: 0 },
  })
})

test('rescues end with the budget of the document', async () => {
  const { forward } = start({ 'cloud-eu': FAILED }, { max_rps: 2 })
  const outcomes = [await forward(), await forward(), await forward()].map((one) => one.outcome)
  expect(outcomes).toEqual(['ok', 'ok', 'failed'])
})

test('a hanging attempt is given up for a rescue', async () => {
  const { clock, forward, contexts, counters } = start({ 'cloud-eu': 'hang' })
  const result = forward()
  await clock.turnAsync(2_999)
  expect(contexts.length).toBe(1)
  await clock.turnAsync(1)
  expect((await result).attempts).toEqual(tried('cloud-eu=failed edge-local=ok'))
  expect(contexts[0]).toMatchObject({ timeoutMs: 3_000, signal: { aborted: true } })
  expect(counters()?.['cloud-eu']).toMatchObject({ failed: 1, inflight: 0 })
})

test('without a budget for a rescue nothing is given up early', async () => {
  const { clock, forward, contexts } = start({ 'cloud-eu': 'hang' }, { max_rps: 0 })
  const result = forward({ deadlineMs: 20_000 })
  await clock.turnAsync(19_000)
  expect(contexts[0]?.signal.aborted).toBe(false)
  await clock.turnAsync(1_000)
  expect(await result).toMatchObject({ outcome: 'failed', error: { name: 'TimeoutError' } })
})

test('a client that hangs up cancels, and is not rescued', async () => {
  const { forward, counters } = start({ 'cloud-eu': 'hang' })
  const gone = new AbortController()
  const result = forward({ signal: gone.signal })
  gone.abort(new Error('client left'))
  expect((await result).attempts).toEqual(tried('cloud-eu=cancelled'))
  expect(counters()?.['cloud-eu']).toMatchObject({ cancelled: 1, failed: 0 })
})
