import { compareGenerations, formatGeneration } from '../model/generation.ts'
import type { OpenAttempt } from '../telemetry/deliver-events.ts'
import { clockOffsetOf, type Reading, readAnswer } from './answer.ts'
import { BODY_BYTES_MAX, renderStateBody } from './body.ts'
import type { PostResult } from './post.ts'
import { type PusherOptions, placeOf, type Task } from './task.ts'

export interface AttemptInput {
  readonly options: PusherOptions
  readonly task: Task
  readonly deadlineMs: number
}

type AttemptEnd = Parameters<OpenAttempt['end']>[0]['outcome']

/** One try to tell the endpoint; told to everybody who keeps account of it, then read. */
export async function attempt(input: AttemptInput): Promise<Reading> {
  const { options, task, deadlineMs } = input
  const { data, id, traceparent } = task
  const subscription = options.subscription()
  const open = options.events.attemptStarted({
    ...placeOf(options, task),
    id,
    attempt: task.attemptCount,
    ...(traceparent !== undefined && { traceparent }),
  })
  const result = await options.send(
    {
      subscription,
      id,
      deadlineMs,
      traceparent: open.traceparent,
      render: (atUnixMs) => {
        const body = renderStateBody(data, atUnixMs)
        const bodyBytes = Buffer.byteLength(body)
        if (bodyBytes >= BODY_BYTES_MAX)
          options.events.bodyTooLarge(placeOf(options, task), bodyBytes)
        return body
      },
    },
    task.cut.signal,
  )
  const reading = readAnswer(result)
  const outcome = outcomeOf(task, reading)
  open.end({ outcome, durationMs: result.durationMs, ...factsOf(result, reading) })
  record({ input, result, reading, outcome })
  if (reading.kind === 'pair') {
    options.answered({
      subscription,
      route: data.route,
      observed: reading.observed,
      sentUnixMs: result.sentUnixMs,
      clockOffsetMs: clockOffsetOf(result, reading.clockUnixMs),
    })
  }
  return reading
}

function outcomeOf(task: Task, reading: Reading): AttemptEnd {
  if (reading.kind === 'gone') return 'gone'
  if (reading.kind === 'pair') {
    return compareGenerations(reading.observed, task.data) < 0 ? 'older' : 'answered'
  }
  return task.cut.signal.aborted ? 'superseded' : 'failed'
}

function factsOf(result: PostResult, reading: Reading) {
  return {
    ...(result.kind === 'answer' && { status: result.status }),
    ...(reading.kind === 'failed' && { error: reading.error }),
  }
}

const STATE_OF = {
  answered: 'answered',
  older: 'pending',
  failed: 'pending',
  gone: 'dead',
  superseded: 'superseded',
} as const satisfies Record<AttemptEnd, string>

interface RecordInput {
  readonly input: AttemptInput
  readonly result: PostResult
  readonly reading: Reading
  readonly outcome: AttemptEnd
}

function record({ input, result, reading, outcome }: RecordInput): void {
  const { options, task } = input
  const { route, epoch, generation, version } = task.data
  const at = new Date(result.sentUnixMs).toISOString()
  const { status = 0, error = '' } = {
    ...factsOf(result, reading),
    ...(outcome === 'older' && reading.kind === 'pair' && olderError(reading)),
    ...(outcome === 'superseded' && { error: 'SUPERSEDED' }),
  }
  options.log.addAttempt(task.id, {
    at,
    duration_ms: Math.round(result.durationMs * 10) / 10,
    ...(status !== 0 && { status }),
    ...(error !== '' && { error }),
    ...(result.kind === 'answer' && { response: result.text }),
  })
  const { id, router } = options.subscription()
  options.journal({
    At: at.replace('T', ' ').slice(0, -1),
    DeliveryId: task.id,
    Subscription: id,
    Router: router,
    Route: route,
    Epoch: epoch,
    Generation: generation,
    Version: version,
    State: STATE_OF[outcome],
    Status: status,
    DurationMs: result.durationMs,
    Error: error,
    ClockOffsetMs: reading.kind === 'pair' ? clockOffsetOf(result, reading.clockUnixMs) : null,
  })
}

function olderError(reading: Extract<Reading, { kind: 'pair' }>) {
  return { error: `OLDER_PAIR ${formatGeneration(reading.observed)}` }
}
