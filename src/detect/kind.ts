import type { FieldValue, ObservationUnit, Source } from '../model/observation.ts'
import type { Numbers } from './numbers.ts'
import type { Slack } from './slack.ts'
import type { Template } from './templates.ts'

// The shape that every kind of rule has: it takes items and answers for a window. It knows neither
// clock nor hold times nor verdicts: group.ts asks, and turns answers into states.

/** One observation as a rule sees it: with guarded time, and who sent it under its own name. */
export interface Item {
  readonly unit: ObservationUnit
  /** Event time, never later than the arrival. */
  readonly atUnixMs: number
  readonly startUnixMs: number
  /** Arrival on Signalbox's own clock that never steps. */
  readonly heardMs: number
  readonly weight: number
  /** Samples that it stands for, mostly 1; `weight` is that of all of them. */
  readonly count: number
  readonly source: Source
  read(key: string): FieldValue | undefined
  /** The template of a log's text; found when first asked. Undefined for what is no log. */
  template(): Template | undefined
}

/** The moment for which a rule is judged. */
export interface Instant {
  /** Where the window ends (event time). */
  readonly endUnixMs: number
  /** The never-stepping clock, for what is measured by arrival. */
  readonly heardMs: number
  /** Items that silent or far-behind sources would have sent in a window of this length; often 0. */
  missing(windowMs: number): number
  /** Windows of the clear side reach back no further: older items speak of before the trip. */
  readonly floorUnixMs: number
  /** Whether the rule fires already. */
  readonly isTripped: boolean
  /** What another rule says for the same scope. */
  look(rule: string): Look
  /** Last arrivals: of anything from the group's last source, and in nine of ten other groups alive. */
  readonly heard: { source(): number; others(nowMs: number): number }
}

/** What a rule says to rules that look at it. */
export interface Look {
  readonly isFiring: boolean
  /** Infinity while it fires, else event time of the last judgement that did; -Infinity if none. */
  readonly lastFiringUnixMs: number
  /** Why it is unknown; undefined when it is not. */
  readonly unknownReason: string | undefined
}

export interface Reading {
  /**
   * `trips`: conclusive, whatever is missing. `calm`: conclusively not. `few`: too little to judge.
   * `open`: what is missing could change the answer.
   */
  readonly outcome: 'trips' | 'calm' | 'few' | 'open'
  readonly value: number | null
  readonly threshold: number
  /** Items (samples, not weights) that the answer rests on. */
  readonly count: number
  readonly reason?: string
}

export interface KindState {
  /**
   * Takes an item that the rule's `where` matched; true when it speaks for tripping (of an outlier,
   * when its key may stand out with it), undefined when it counts for nothing (too old, or outside of what the kind counts).
   */
  add(item: Item): boolean | undefined
  /**
   * As `add` for each of many items, of kinds that read a number: `item` stands for all of them. True
   * when any of them speaks for tripping.
   */
  addAll?(item: Item, numbers: Numbers): boolean | undefined
  judge(at: Instant): Reading
  /**
   * After `judge` answered so, with nothing missing: how much may come before it would answer
   * otherwise. Absent: it is to be asked whenever something came.
   */
  slack?(endUnixMs: number, outcome: 'calm' | 'few'): Slack
  /**
   * Of kinds that wait for something: when it may trip at the earliest if nothing comes, on the
   * never-stepping clock. Absent: at any time.
   */
  readonly dueMs?: number
  /** Whether the clear condition holds conclusively; only asked of a rule that fires. */
  clears(at: Instant): boolean
  /** Forgets all items. */
  restart(): void
  /**
   * What survives a restart of the process: plain data and typed arrays, for `v8.serialize`. Ages by
   * arrival are saved as ages, since the never-stepping clock of the next process begins elsewhere.
   */
  save(nowMs: number): unknown
  /**
   * Takes what `save` of the same rule gave. False for anything else, however damaged; then the state
   * may be partly filled, and the caller restarts it.
   */
  load(saved: unknown, nowMs: number): boolean
}

/** How far the clear window stretches to reach its least count. */
export const STRETCH_MAX = 10

/** Different values remembered for `min_distinct`; only "at least so many" is asked of them. */
export const DISTINCT_MAX = 10_000

/** While something is missing, what does not trip yet is open. */
export function calmOrOpen(missing: number): 'calm' | 'open' {
  return missing > 0 ? 'open' : 'calm'
}
