import type { Rule } from '../config/rules.ts'
import type { Group as GroupKey, RuleState } from '../model/verdict.ts'
import type { GroupSources, Missing } from './group-sources.ts'
import { createHysteresis, type Effect } from './hysteresis.ts'
import type { Instant, Item, KindState, Reading } from './kind.ts'

// The state machine of one group of a rule, the same for every kind: hold times, hysteresis, and the
// two ways of not knowing.
//
// Where a window ends: on the newest item of the group while that is fresh (not older than
// `lateness`), so that a batch is judged as if it had been judged item by item, and an export's delay
// leaves no hole in the window; otherwise on the newest event time of any source, so that windows
// empty when traffic ends. A ratio trips anew only on a fresh window, or against the bound for what
// is missing: a backlog drains in pieces, and a window that only holds its first piece is stale.

/** Now, for all groups: what the detector alone can know. */
export interface Moment {
  readonly nowUnixMs: number
  /** The never-stepping clock. */
  readonly nowMs: number
  /** Newest event time of any source, at least now − lateness, at most now. */
  readonly eventUnixMs: number
  isFiring(rule: string, by: GroupKey): boolean
}

export interface Judgement {
  readonly state: RuleState
  readonly reason: string | undefined
  readonly value: number | null
  readonly threshold: number
  readonly count: number
  readonly sinceUnixMs: number
  readonly atUnixMs: number
  readonly watermarkUnixMs: number
  readonly effect: Effect
  readonly witnesses: readonly string[]
}

export interface Group {
  readonly by: GroupKey
  add(item: Item): void
  judge(moment: Moment): Judgement
  /** Forgets items, not the verdict: it keeps its effect until judged anew. */
  restart(atUnixMs: number): void
  readonly effect: Effect
  /** Last arrival of an item, on the never-stepping clock. */
  readonly heardMs: number
}

export interface GroupOptions {
  readonly rule: Rule
  readonly by: GroupKey
  readonly kind: KindState
  readonly sources: GroupSources
  readonly latenessMs: number
  readonly nowMs: number
  /** A group that outlives an edit of its rule keeps its verdict. */
  readonly effect?: Effect
}

/** A router's own share of evidence: a tenth of the rule's least count, but never fewer than this. */
const WITNESS_COUNT_MIN = 5
const NEVER = Number.NEGATIVE_INFINITY

export function createGroup(options: GroupOptions): Group {
  const { rule, by, kind, sources, latenessMs } = options
  const isRatio = rule.kind === 'ratio'
  const isSilence = rule.kind === 'silence'
  const hysteresis = createHysteresis({
    tripForMs: rule.trip.forMs,
    clearForMs: rule.clear.forMs,
    effect: options.effect ?? 'ok',
  })
  let state: RuleState | undefined
  let sinceUnixMs = NEVER
  let restartedUnixMs = NEVER
  let watermarkUnixMs = NEVER
  let newestUnixMs = NEVER
  let heardMs = options.nowMs

  const markAt = ({ nowUnixMs, nowMs }: Moment) =>
    isSilence ? nowUnixMs : (sources.watermarkUnixMs(nowMs) ?? nowUnixMs - latenessMs)

  return {
    by,
    get effect() {
      return hysteresis.effect
    },
    get heardMs() {
      return heardMs
    },
    add(item) {
      heardMs = item.heardMs
      const isBad = kind.add(item)
      if (isBad === undefined) return
      newestUnixMs = Math.max(newestUnixMs, item.atUnixMs)
      if (!isSilence) sources.add(item, isBad)
    },
    judge(moment) {
      const { eventUnixMs } = moment
      const isFresh = newestUnixMs >= eventUnixMs - latenessMs
      const endUnixMs = isRatio && isFresh ? newestUnixMs : eventUnixMs
      const missing = sources.missingAt({ ...moment, endUnixMs })
      const floorUnixMs = Math.max(hysteresis.firedUnixMs - rule.windowMs, restartedUnixMs)
      const isTripped = hysteresis.effect === 'firing'
      const instantAt = instants({ by, moment, missing, floorUnixMs, isTripped })
      const read = kind.judge(instantAt(endUnixMs))
      const isStale = isRatio && !isFresh && !hysteresis.isPending && missing.reason === undefined
      const reading: Reading =
        isStale && read.outcome === 'trips' ? { ...read, outcome: 'calm' } : read
      watermarkUnixMs = Math.max(watermarkUnixMs, markAt(moment))
      const next = hysteresis.step({
        reading,
        eventUnixMs: endUnixMs,
        watermarkUnixMs,
        clears: (atUnixMs) => kind.clears(instantAt(atUnixMs)),
      })
      if (next !== state) sinceUnixMs = endUnixMs
      state = next
      return {
        ...factsOf({ state, reading, missing }),
        sinceUnixMs,
        atUnixMs: endUnixMs,
        watermarkUnixMs,
        effect: hysteresis.effect,
        witnesses: witnessesOf({ rule, sources, endUnixMs }),
      }
    },
    restart(atUnixMs) {
      kind.restart()
      sources.restart()
      hysteresis.restart()
      restartedUnixMs = atUnixMs
      newestUnixMs = NEVER
    },
  }
}

interface InstantsQuery extends Pick<Instant, 'floorUnixMs' | 'isTripped'> {
  readonly by: GroupKey
  readonly moment: Moment
  readonly missing: Missing
}

/** Windows that end anywhere, with what is missing now. */
function instants({ by, moment, missing, floorUnixMs, isTripped }: InstantsQuery) {
  return (endUnixMs: number): Instant => ({
    endUnixMs,
    heardMs: moment.nowMs,
    missing: missing.items,
    floorUnixMs,
    isTripped,
    isFiring: (rule) => moment.isFiring(rule, by),
  })
}

function factsOf(query: { state: RuleState; reading: Reading; missing: Missing }) {
  const { state, reading, missing } = query
  const { value, threshold, count } = reading
  const facts = { state, value, threshold, count, reason: reading.reason }
  if (state === 'unknown') return { ...facts, reason: missing.reason ?? 'telemetry is missing' }
  if (state === 'insufficient') return { ...facts, reason: reading.reason ?? 'too little to judge' }
  return facts
}

function witnessesOf(query: {
  rule: Rule
  sources: GroupSources
  endUnixMs: number
}): readonly string[] {
  const { rule, sources, endUnixMs } = query
  if (rule.kind !== 'ratio' || rule.on !== 'attempts') return []
  const countMin = Math.max(WITNESS_COUNT_MIN, rule.trip.countMin / 10)
  return sources.witnesses({ endUnixMs, above: rule.trip.above, countMin })
}
