import type { Incident } from '../model/incident.ts'
import { dropItems, type OutItem, type PageState, tellReceiver } from './page-state.ts'

// What the outcome of a page does to the state it came from. Pure; the state may have moved on while
// the page was on its way.

const BACKOFF_MS_FIRST = 5_000
const BACKOFF_MS_MAX = 60_000
const REJECTED_PAUSE_MS = 300_000
/** How soon a page is told after its silence was removed. */
const MUTED_LOOK_MS = 5_000
const ASKED_PAUSE_MS_MAX = 300_000
/** A page that nobody took for a day tells nobody anything any more. */
const GIVE_UP_MS = 86_400_000

interface Delivered {
  readonly item: OutItem
  readonly receiver: string
  readonly escalates: boolean
  /** What the receiver was told. */
  readonly incident: Incident
  readonly labels: Readonly<Record<string, string>>
  readonly nowMs: number
}

export function delivered(state: PageState, facts: Delivered): PageState {
  const { item, receiver, escalates, incident, labels, nowMs } = facts
  const next = dropItems(state, (one) => one.key === item.key)
  const told: PageState['told'][string] = {
    level: item.level,
    mitigation: incident.mitigation,
    severity: incident.severity,
    labels,
    ...(item.phase === 'updated' && { updatedUnixMs: nowMs }),
  }
  const known = { ...next, told: { ...next.told, [receiver]: { ...next.told[receiver], ...told } } }
  if (item.phase !== 'opened') return known
  const levels = known.levels.map((run) =>
    run.level === item.level && run.deliveredUnixMs === undefined
      ? { ...run, deliveredUnixMs: nowMs, ...(escalates && { isWatchedElsewhere: true }) }
      : run,
  )
  // It was acknowledged or over while this page was on its way: say so at once.
  return state.over === undefined
    ? { ...known, levels }
    : tellReceiver({ state: { ...known, levels }, receiver, phase: state.over, nowMs })
}

interface Failed {
  readonly item: OutItem
  readonly nowMs: number
  readonly retryAfterMs: number
  readonly isRejected: boolean
}

export function failed(state: PageState, facts: Failed): PageState {
  const { item, nowMs, retryAfterMs, isRejected } = facts
  if (!state.outbox[item.key]) return state
  if (nowMs - item.createdUnixMs > GIVE_UP_MS)
    return dropItems(state, (one) => one.key === item.key)
  const backoffMs = Math.min(BACKOFF_MS_MAX, BACKOFF_MS_FIRST * 2 ** item.failedRounds)
  const pauseMs = isRejected
    ? REJECTED_PAUSE_MS
    : Math.max(backoffMs, Math.min(retryAfterMs, ASKED_PAUSE_MS_MAX))
  const failedRounds = item.failedRounds + 1
  const next = { ...item, failedRounds, nextUnixMs: nowMs + pauseMs }
  const levels = state.levels.map((run) =>
    item.phase === 'opened' && run.level === item.level
      ? { ...run, failedRounds: isRejected ? Math.max(2, failedRounds) : failedRounds }
      : run,
  )
  return { ...state, levels, outbox: { ...state.outbox, [item.key]: next } }
}

interface HeldBack {
  readonly item: OutItem
  readonly mutedBy: string
  readonly nowMs: number
}

/** Held back by a silence or a mute window; it is not late, so it does not go stale. */
export function heldBack(state: PageState, { item, mutedBy, nowMs }: HeldBack): PageState {
  if (!state.outbox[item.key]) return state
  const next = { ...item, mutedBy, createdUnixMs: nowMs, nextUnixMs: nowMs + MUTED_LOOK_MS }
  return { ...state, outbox: { ...state.outbox, [item.key]: next } }
}
