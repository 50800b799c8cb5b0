import type { Cancel } from '../lib/clock.ts'
import type { StateData } from '../model/desired.ts'
import { compareGenerations, type Generation } from '../model/generation.ts'
import type { Reading } from './answer.ts'
import { attempt } from './attempt.ts'
import type { DeliveryState } from './delivery-log.ts'
import type { Mark } from './observed-marks.ts'
import { deadlineMsOf, dueInMs } from './schedule.ts'
import { createTask, type PusherOptions, placeOf, type Task, toView } from './task.ts'

/**
 * Brings the latest state of one route to one subscription: its own timers, its own open attempts,
 * so that no endpoint delays another. There is no queue: a newer state replaces an older one.
 */
export interface Pusher {
  /** Ignores what is not newer than what it already brings. */
  push(data: StateData, traceparent?: string): void
  /** The second witness: the router reports this pair as being in force. */
  observed(pair: Generation): void
  /** Sends the current state once more, now. */
  redeliver(): void
  /** The endpoint wants no more: what is not delivered is dead. */
  end(): void
  /** Aborts what is open and forgets; says nothing about the delivery. */
  stop(): void
}

const OPEN_MAX = 3
/** A router that reports an older pair again has lost its memory; told anew at most this often. */
const REOPEN_MS = 30_000

interface Slot {
  task: Task | undefined
  cancel: Cancel | undefined
  cancelOverdue: Cancel | undefined
  mark: Mark | undefined
}

export function createPusher(options: PusherOptions): Pusher {
  const { clock, log } = options
  const slot: Slot = {
    task: undefined,
    cancel: undefined,
    cancelOverdue: undefined,
    mark: options.mark,
  }
  const stop = () => {
    slot.cancel?.()
    slot.cancelOverdue?.()
    slot.task?.cut.abort()
    slot.task = undefined
  }
  return {
    push(data, traceparent) {
      const { task, mark } = slot
      if (task ? !isNewer(data, task.data) : mark && !isNewer(data, mark)) return
      if (task) supersede(options, task)
      const isSharesOnly = mark !== undefined && compareGenerations(mark, data) >= 0
      const next = createTask({ options, data, traceparent, isSharesOnly })
      slot.task = next
      log.open(toView(options, next))
      plan(options, slot)
      slot.cancelOverdue?.()
      slot.cancelOverdue = clock.after(options.partialMs, () => reportOverdue(options, next))
    },
    observed(pair) {
      const { task } = slot
      if (!task) return
      const isReached = compareGenerations(pair, task.data) >= 0
      if (!isReached) reopen(options, slot)
      else if (!task.isSharesOnly || task.state === 'answered') setObserved(options, slot)
    },
    redeliver() {
      const { task } = slot
      // With three open it is being told already.
      if (task && task.openCount < OPEN_MAX) void begin(options, slot, task)
    },
    end() {
      const { task } = slot
      if (task && isOpen(task)) setState(options, task, 'dead')
      stop()
    },
    stop,
  }
}

function isNewer(data: StateData, than: Mark): boolean {
  const order = compareGenerations(data, than)
  return order > 0 || (order === 0 && data.version > than.version)
}

/** Arms the timer of the next attempt, if one is due at all. */
function plan(options: PusherOptions, slot: Slot): void {
  const { clock } = options
  const { task } = slot
  slot.cancel?.()
  slot.cancel = undefined
  // With three open, the end of one of them plans anew.
  if (!task || !isOpen(task) || task.openCount >= OPEN_MAX) return
  const { attemptCount, lastAgeMs, retryAfterMs } = task
  const dueMs = dueInMs({
    attemptCount,
    ageMs: clock.monotonicMs() - task.startMs,
    lastAgeMs,
    isAnswered: task.state === 'answered',
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  })
  slot.cancel = clock.after(dueMs, () => void begin(options, slot, task))
}

async function begin(options: PusherOptions, slot: Slot, task: Task): Promise<void> {
  const ageMs = options.clock.monotonicMs() - task.startMs
  task.attemptCount += 1
  task.lastAgeMs = ageMs
  task.openCount += 1
  plan(options, slot)
  reportOverdue(options, task)
  const reading = await attempt({ options, task, deadlineMs: deadlineMsOf(ageMs) })
  task.openCount -= 1
  if (slot.task !== task) return
  settle(options, slot, { task, reading })
  plan(options, slot)
}

function settle(
  options: PusherOptions,
  slot: Slot,
  { task, reading }: { task: Task; reading: Reading },
): void {
  task.retryAfterMs = reading.kind === 'failed' ? reading.retryAfterMs : undefined
  if (reading.kind === 'gone') options.gone(options.subscription())
  if (reading.kind !== 'pair' || task.state !== 'pending') return
  if (compareGenerations(reading.observed, task.data) < 0) return
  setState(options, task, 'answered')
  if (task.isSharesOnly) setObserved(options, slot)
}

function setObserved(options: PusherOptions, slot: Slot): void {
  const { task } = slot
  if (!task || task.state === 'observed') return
  const { epoch, generation, version } = task.data
  const ageMs = options.clock.monotonicMs() - task.startMs
  setState(options, task, 'observed')
  // Whatever is still open says nothing new.
  slot.cancel?.()
  slot.mark = { epoch, generation, version }
  options.saveMark(slot.mark)
  options.events.observed(placeOf(options, task), ageMs)
}

function reopen(options: PusherOptions, slot: Slot): void {
  const { task } = slot
  const nowMs = options.clock.monotonicMs()
  if (task?.state !== 'observed' || nowMs - task.startMs - task.lastAgeMs < REOPEN_MS) return
  Object.assign(task, { startMs: nowMs, attemptCount: 0, lastAgeMs: 0, isReported: false })
  setState(options, task, 'pending')
  plan(options, slot)
}

function supersede(options: PusherOptions, task: Task): void {
  task.cut.abort()
  if (!isOpen(task)) return
  setState(options, task, 'superseded')
  options.events.superseded(placeOf(options, task))
}

function setState(options: PusherOptions, task: Task, state: DeliveryState): void {
  task.state = state
  options.log.setState(task.id, state)
}

/** Once per version, as soon as the router is known to have traffic or to send status. */
function reportOverdue(options: PusherOptions, task: Task): void {
  const ageMs = options.clock.monotonicMs() - task.startMs
  if (!isOpen(task) || task.isReported || task.isSharesOnly || ageMs < options.partialMs) return
  task.isReported = options.unobserved(placeOf(options, task), ageMs)
}

function isOpen(task: Task): boolean {
  return task.state === 'pending' || task.state === 'answered'
}
