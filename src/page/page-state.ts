import type { Notice } from '../model/notice.ts'
import type { Mitigation } from '../model/route.ts'
import type { Severity } from '../model/verdict.ts'

/**
 * Where the paging of one incident stands, as the state store keeps it under `page/ID`. Timers are
 * instants in it, not timers of this process: whoever comes back after `kill -9` goes on from here.
 */
export interface PageState {
  readonly incident: string
  /** '' until a route of `oncall.yaml` matched. */
  readonly chain: string
  readonly levels: readonly LevelRun[]
  /** Pages still to be delivered, by key: at most one per level and round, and per receiver and phase. */
  readonly outbox: Readonly<Record<string, OutItem>>
  /** Who knows of it, and hears how it goes on. */
  readonly told: Readonly<Record<string, Told>>
  readonly over?: 'acknowledged' | 'resolved'
}

export interface LevelRun {
  readonly level: string
  /** 0 first, then one per repeat. */
  readonly round: number
  readonly deliveredUnixMs?: number
  /** The receiver that took it has its own acknowledgement timer. */
  readonly isWatchedElsewhere?: boolean
  readonly failedRounds: number
  /** Its next level was started: nothing more to wait for. */
  readonly isPassedOn: boolean
}

export interface OutItem {
  readonly key: string
  /** Of the page, over all its attempts. */
  readonly id: string
  readonly phase: Notice['phase']
  readonly level: string
  readonly receivers: readonly string[]
  readonly createdUnixMs: number
  readonly nextUnixMs: number
  readonly failedRounds: number
  /** Why it is held back; told once. */
  readonly mutedBy?: string
}

interface Told {
  readonly level: string
  readonly mitigation: Mitigation
  readonly severity: Severity
  /** What its alert was labelled, for receivers that identify by labels. */
  readonly labels: Readonly<Record<string, string>>
  /** Last update page; absent after the first page only. */
  readonly updatedUnixMs?: number
}

export function createPageState(incident: string): PageState {
  return { incident, chain: '', levels: [], outbox: {}, told: {} }
}

type NewItem = Pick<OutItem, 'key' | 'phase' | 'level' | 'receivers'>

/** Adds a page to be delivered now; one that waits under the same key stays as it is. */
export function enqueue(state: PageState, item: NewItem, nowMs: number): PageState {
  if (state.outbox[item.key]) return state
  const id = `${state.incident}_${item.key.replace(/[^A-Za-z0-9]+/g, '-')}_${nowMs.toString(36)}`
  const full = { ...item, id, createdUnixMs: nowMs, nextUnixMs: nowMs, failedRounds: 0 }
  return { ...state, outbox: { ...state.outbox, [item.key]: full } }
}

export function dropItems(state: PageState, isDropped: (item: OutItem) => boolean): PageState {
  const kept = Object.entries(state.outbox).filter(([, item]) => !isDropped(item))
  if (kept.length === Object.keys(state.outbox).length) return state
  return { ...state, outbox: Object.fromEntries(kept) }
}

interface TellReceiver {
  readonly state: PageState
  readonly receiver: string
  readonly phase: 'updated' | 'acknowledged' | 'resolved'
  readonly nowMs: number
}

/** A message to one receiver that already knows of the incident. */
export function tellReceiver({ state, receiver, phase, nowMs }: TellReceiver): PageState {
  const level = state.told[receiver]?.level ?? ''
  const item = { key: `${phase}/${receiver}`, phase, level, receivers: [receiver] }
  return enqueue(state, item, nowMs)
}
