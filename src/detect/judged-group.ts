import type { Group as GroupKey, RuleState } from '../model/verdict.ts'
import type { Group, GroupOptions } from './group.ts'
import { createHysteresis, type Effect, type Hysteresis } from './hysteresis.ts'
import { givenReason, instants, type Judgement, type Moment, witnessesOf } from './judgement.ts'
import type { Instant, Item, Look, Reading } from './kind.ts'
import type { Numbers } from './numbers.ts'
import { refusalOf } from './refusal.ts'
import { Rest } from './rest.ts'
import type { Restored, SavedGroup } from './saved-group.ts'
import type { SourceShares } from './source-shares.ts'

// The state machine of one group of a rule, the same for every kind: hold times, hysteresis, and the
// two ways of not knowing.
//
// Where a window ends: on the newest item of the group while that is fresh (not older than
// `lateness`), so that a batch is judged as if it had been judged item by item, and an export's delay
// leaves no hole in the window; otherwise on the newest event time of any source, so that windows
// empty when traffic ends. A ratio trips anew only on a fresh window, or against the bound for what
// is missing: a backlog drains in pieces, and a window that only holds its first piece is stale.

const NEVER = Number.NEGATIVE_INFINITY

export function createGroup(options: GroupOptions): Group {
  return new JudgedGroup(options)
}

/** A class, since there may be thousands. */
class JudgedGroup implements Group {
  readonly by: GroupKey
  heardMs: number
  readonly #options: GroupOptions
  readonly #isRatio: boolean
  readonly #isSilence: boolean
  readonly #hysteresis: Hysteresis
  readonly #heard: Instant['heard']
  #state: RuleState | undefined
  #sinceUnixMs = NEVER
  #restartedUnixMs = NEVER
  #watermarkUnixMs = NEVER
  #newestUnixMs = NEVER
  #lastFiringUnixMs = NEVER
  #lastSource = ''
  #unknownReason: string | undefined
  /** A trip, or the way to or from one, was cut short by a restart since the last judgement. */
  #isCutShort = false
  readonly #rest = new Rest()
  hasNewLook = true

  constructor(options: GroupOptions) {
    const { rule, by, nowMs, effect = 'ok' } = options
    this.by = by
    this.heardMs = nowMs
    this.#options = options
    this.#isRatio = rule.kind === 'ratio'
    this.#isSilence = rule.kind === 'silence'
    const holds = { tripForMs: rule.trip.forMs, clearForMs: rule.clear.forMs }
    this.#hysteresis = createHysteresis({ ...holds, effect })
    this.#heard = {
      source: () => options.sourceHeardMs(this.#lastSource),
      others: (nowMs) => options.othersHeardMs(nowMs),
    }
  }

  get effect(): Effect {
    return this.#hysteresis.effect
  }

  get dueMs(): number {
    return this.#options.kind.dueMs ?? Number.NEGATIVE_INFINITY
  }

  get sourceHeardMs(): number {
    return this.#options.sourceHeardMs(this.#lastSource)
  }

  add(item: Item, numbers?: Numbers): void {
    const { kind } = this.#options
    const isBad = numbers && kind.addAll ? kind.addAll(item, numbers) : kind.add(item)
    if (isBad === undefined) return
    this.#rest.take(item.weight, isBad)
    this.heardMs = item.heardMs
    this.#lastSource = item.source.id
    if (item.atUnixMs > this.#newestUnixMs) this.#newestUnixMs = item.atUnixMs
    // Of many together nobody asks who sent the bad ones.
    if (!this.#isSilence) this.#options.sources.add(item, isBad && numbers === undefined)
  }

  mayTurn(moment: Moment): boolean {
    return this.#rest.isOver(this.#endAt(moment))
  }

  judge(moment: Moment): Judgement {
    const { rule, kind, sources, latenessMs } = this.#options
    const hysteresis = this.#hysteresis
    const isFresh = this.#newestUnixMs >= moment.eventUnixMs - latenessMs
    const isTripped = hysteresis.effect === 'firing'
    const { endUnixMs, missing, instantAt } = this.#windowAt(moment)
    const read = kind.judge(instantAt(endUnixMs))
    const isDue = hysteresis.isPending || missing.reason !== undefined
    const isStale = this.#isRatio && !isFresh && !isDue && read.outcome === 'trips'
    const reading: Reading = isStale ? { ...read, outcome: 'calm' } : read
    this.#watermarkUnixMs = Math.max(this.#watermarkUnixMs, this.#markAt(moment))
    const state = hysteresis.step({
      reading,
      eventUnixMs: endUnixMs,
      watermarkUnixMs: this.#watermarkUnixMs,
      clears: (atUnixMs) => kind.clears(instantAt(atUnixMs)),
    })
    if (state !== this.#state) this.#sinceUnixMs = endUnixMs
    this.#state = state
    if (hysteresis.effect === 'firing') this.#lastFiringUnixMs = endUnixMs
    const isResting = missing.reason === undefined && (state === 'ok' || state === 'insufficient')
    this.#rest.begin(kind, isResting ? reading : undefined, endUnixMs)
    // Each by its name, here and below: spread, they took longer than all the rest.
    const refused = refusalOf({
      rule,
      kind,
      hysteresis,
      read,
      isStale,
      missing,
      instantAt,
      markUnixMs: this.#watermarkUnixMs,
      isCutShort: this.#isCutShort,
    })
    this.#isCutShort = false
    const reason = givenReason(state, reading, missing)
    const unknownReason = state === 'unknown' ? reason : undefined
    const hasTurned = isTripped !== (hysteresis.effect === 'firing')
    this.hasNewLook = hasTurned || unknownReason !== this.#unknownReason
    this.#unknownReason = unknownReason
    return {
      state,
      reason,
      value: reading.value,
      threshold: reading.threshold,
      count: reading.count,
      sinceUnixMs: this.#sinceUnixMs,
      atUnixMs: endUnixMs,
      watermarkUnixMs: this.#watermarkUnixMs,
      effect: hysteresis.effect,
      witnesses: witnessesOf({ rule, sources, endUnixMs }),
      refused,
      newestUnixMs: this.#newestUnixMs,
      missingReason: missing.reason,
    }
  }

  refresh(last: Judgement, moment: Moment): Judgement {
    if (!this.#rest.hasTaken) return last
    const { endUnixMs, instantAt } = this.#windowAt(moment)
    const { value, threshold, count } = this.#options.kind.judge(instantAt(endUnixMs))
    const watermarkUnixMs = Math.max(this.#watermarkUnixMs, this.#markAt(moment))
    return { ...last, value, threshold, count, atUnixMs: endUnixMs, watermarkUnixMs }
  }

  /** What is judged at a moment. */
  #windowAt(moment: Moment) {
    const { rule, by, sources } = this.#options
    const hysteresis = this.#hysteresis
    const { nowUnixMs, nowMs } = moment
    const endUnixMs = this.#endAt(moment)
    const missing = sources.missingAt({ endUnixMs, nowUnixMs, nowMs })
    const instantAt = instants({
      by,
      moment,
      missing,
      floorUnixMs: Math.max(hysteresis.firedUnixMs - rule.windowMs, this.#restartedUnixMs),
      isTripped: hysteresis.effect === 'firing',
      heard: this.#heard,
    })
    return { endUnixMs, missing, instantAt }
  }

  /** Where its window ends; see above. */
  #endAt({ eventUnixMs }: Moment): number {
    const isFresh = this.#newestUnixMs >= eventUnixMs - this.#options.latenessMs
    return this.#isRatio && isFresh ? this.#newestUnixMs : eventUnixMs
  }

  restart(atUnixMs: number): void {
    this.#rest.end()
    this.#isCutShort = this.effect === 'firing' || this.#hysteresis.isPending
    this.#options.kind.restart()
    this.#options.sources.restart()
    this.#hysteresis.restart()
    this.#restartedUnixMs = atUnixMs
    this.#newestUnixMs = NEVER
  }

  shares({ nowMs }: Moment): SourceShares {
    return this.#options.sources.shares(this.#newestUnixMs, nowMs)
  }

  look(): Look {
    const isFiring = this.#hysteresis.effect === 'firing'
    const lastFiringUnixMs = isFiring ? Number.POSITIVE_INFINITY : this.#lastFiringUnixMs
    return { isFiring, lastFiringUnixMs, unknownReason: this.#unknownReason }
  }

  save(nowMs: number): SavedGroup {
    return {
      kind: this.#options.kind.save(nowMs),
      sources: this.#options.sources.save(),
      hysteresis: this.#hysteresis.save(),
      state: this.#state,
      sinceUnixMs: this.#sinceUnixMs,
      restartedUnixMs: this.#restartedUnixMs,
      watermarkUnixMs: this.#watermarkUnixMs,
      newestUnixMs: this.#newestUnixMs,
      lastFiringUnixMs: this.#lastFiringUnixMs,
      heardAgoMs: nowMs - this.heardMs,
      lastSource: this.#lastSource,
    }
  }

  load(saved: SavedGroup, { nowMs, deaf }: Restored): boolean {
    const { kind, sources } = this.#options
    if (!kind.load(saved.kind, nowMs) || !sources.load(saved.sources)) return false
    this.#hysteresis.load(saved.hysteresis)
    this.#state = saved.state
    this.#sinceUnixMs = saved.sinceUnixMs
    this.#restartedUnixMs = saved.restartedUnixMs
    this.#watermarkUnixMs = saved.watermarkUnixMs
    this.#newestUnixMs = saved.newestUnixMs
    this.#lastFiringUnixMs = saved.lastFiringUnixMs ?? NEVER
    this.#lastSource = saved.lastSource
    this.heardMs = nowMs - saved.heardAgoMs
    sources.wasDeaf(deaf)
    return true
  }

  /** By arrival there is no watermark to wait for. */
  #markAt({ nowUnixMs, nowMs }: Moment): number {
    const { rule, sources, latenessMs } = this.#options
    if (this.#isSilence || rule.kind === 'all_of' || rule.kind === 'any_of') return nowUnixMs
    return sources.watermarkUnixMs(nowMs) ?? nowUnixMs - latenessMs
  }
}
