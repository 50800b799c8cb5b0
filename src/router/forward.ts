import type { Clock } from '../lib/clock.ts'
import { createDeadline } from '../lib/deadline.ts'
import type { AttemptOutcome, Counters } from './counters.ts'
import type { PickRequest } from './pick.ts'

/** Where a request goes, and under which desired state. */
export interface Picked {
  readonly target: string
  /** `EPOCH.GENERATION` for the span; `0.0` when served without a desired state. */
  readonly generation: string
  /** Fallbacks to try when it fails, in order; spending one needs `rescue`. */
  readonly rescueOrder: readonly string[]
  /** An attempt that may still be rescued is given up after so long. */
  readonly attemptTimeoutMs: number
  readonly label?: string
  readonly params?: Readonly<Record<string, unknown>>
}

export interface AttemptContext extends Pick<Picked, 'generation' | 'label' | 'params'> {
  readonly signal: AbortSignal
  /** When `signal` may abort: for headers and for the attempt's own deadline. */
  readonly timeoutMs: number
  readonly isRescue: boolean
}

export interface AttemptResult<T> {
  readonly outcome: AttemptOutcome
  /** Of a failed attempt: another target may serve it. Default true. */
  readonly retryable?: boolean
  readonly value?: T
}

export interface ForwardRequest<T> extends PickRequest {
  /** Throwing counts as a failed, retryable attempt. */
  attempt(target: string, context: AttemptContext): Promise<AttemptResult<T>>
  /** The client's own end, for example when it hung up. */
  readonly signal?: AbortSignal
  /** For the whole request, rescue included; default 120 s. */
  readonly deadlineMs?: number
}

export interface ForwardResult<T> {
  readonly outcome: AttemptOutcome
  /** Of the attempt that decided. */
  readonly target: string
  readonly generation: string
  readonly value?: T
  /** What the deciding attempt threw. */
  readonly error?: unknown
  readonly attempts: readonly { readonly target: string; readonly outcome: AttemptOutcome }[]
}

export interface ForwardDeps {
  readonly clock: Clock
  readonly counters: Counters
  pick(request: PickRequest): Picked
  rescue(request: PickRequest, failed: string): Picked | undefined
}

interface Tried<T> {
  readonly picked: Picked
  readonly result: AttemptResult<T>
  readonly error?: unknown
}

/** One request: the picked target, and on a retryable failure one rescue within the budget. */
export async function forward<T>(
  request: ForwardRequest<T>,
  deps: ForwardDeps,
): Promise<ForwardResult<T>> {
  const { clock } = deps
  const deadlineMs = request.deadlineMs ?? 120_000
  const endMs = clock.monotonicMs() + deadlineMs
  const whole = createDeadline({ clock, deadlineMs, ...pickSignal(request) })
  const leftMs = () => Math.max(0, endMs - clock.monotonicMs())
  try {
    const picked = deps.pick(request)
    let rescue: Picked | undefined
    // Giving up early is only worth it when somebody else takes over, so it spends the rescue first.
    const mayGiveUp = () => {
      rescue ??= deps.rescue(request, picked.target)
      return rescue !== undefined
    }
    const isRescuable = request.retryable && picked.rescueOrder.length > 0
    const giveUpMs = Math.min(picked.attemptTimeoutMs, leftMs())
    const first = await tryTarget(request, deps, {
      picked,
      signal: whole.signal,
      timeoutMs: isRescuable ? giveUpMs : leftMs(),
      ...(isRescuable && { giveUp: { afterMs: giveUpMs, mayGiveUp } }),
    })
    const isOver = whole.signal.aborted || !isRescuable || !needsRescue(first.result)
    if (isOver || !mayGiveUp() || rescue === undefined) return toResult([first])
    const plan = { picked: rescue, signal: whole.signal, timeoutMs: leftMs(), isRescue: true }
    return toResult([first, await tryTarget(request, deps, plan)])
  } finally {
    whole.clear()
  }
}

interface Plan {
  readonly picked: Picked
  readonly signal: AbortSignal
  readonly timeoutMs: number
  readonly isRescue?: boolean
  readonly giveUp?: { readonly afterMs: number; mayGiveUp(): boolean }
}

async function tryTarget<T>(
  request: ForwardRequest<T>,
  deps: Pick<ForwardDeps, 'clock' | 'counters'>,
  plan: Plan,
): Promise<Tried<T>> {
  const { picked, timeoutMs, giveUp } = plan
  const end = deps.counters.started({ route: request.route, target: picked.target })
  const cut = new AbortController()
  const signal = AbortSignal.any([plan.signal, cut.signal])
  const cancel =
    giveUp &&
    deps.clock.after(giveUp.afterMs, () => {
      if (giveUp.mayGiveUp()) cut.abort(new DOMException('given up for a rescue', 'TimeoutError'))
    })
  const { generation, label, params } = picked
  const context: AttemptContext = {
    generation,
    signal,
    timeoutMs,
    isRescue: plan.isRescue ?? false,
    ...(label !== undefined && { label }),
    ...(params !== undefined && { params }),
  }
  try {
    // An attempt that does not heed its signal is left behind, not waited for.
    const result = await Promise.race([request.attempt(picked.target, context), rejected(signal)])
    end(result.outcome)
    return { picked, result }
  } catch (error) {
    // The client's own end is nobody's failure; running out of time is.
    const isCancelled = request.signal?.aborted === true
    const outcome = isCancelled ? 'cancelled' : 'failed'
    end(outcome)
    return { picked, result: { outcome }, error }
  } finally {
    cancel?.()
  }
}

function rejected(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason)
    else signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })
}

function needsRescue(result: AttemptResult<unknown>): boolean {
  return result.outcome === 'failed' && result.retryable !== false
}

function toResult<T>(tried: readonly Tried<T>[]): ForwardResult<T> {
  const last = tried.at(-1)
  if (!last) throw new Error('a request without an attempt has no result')
  return {
    outcome: last.result.outcome,
    target: last.picked.target,
    generation: last.picked.generation,
    ...(last.result.value !== undefined && { value: last.result.value }),
    ...(last.error !== undefined && { error: last.error }),
    attempts: tried.map(({ picked, result }) => ({
      target: picked.target,
      outcome: result.outcome,
    })),
  }
}

function pickSignal(request: { readonly signal?: AbortSignal }): { signal?: AbortSignal } {
  return request.signal ? { signal: request.signal } : {}
}
