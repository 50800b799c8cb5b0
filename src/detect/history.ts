import type { Refusal, RuleState } from '../model/verdict.ts'
import type { Effect } from './hysteresis.ts'
import type { Judgement } from './judgement.ts'

/** One entry of a group's history. */
export interface Change {
  readonly atUnixMs: number
  readonly judgedUnixMs: number
  /** Null for the first judgement. */
  readonly from: RuleState | null
  readonly to: RuleState
  readonly effect: Effect
  readonly value: number | null
  readonly threshold: number
  readonly count: number
  readonly reason: string | undefined
  readonly refused: Refusal | undefined
}

/**
 * What changed in a group, and what it refused: the last CHANGES_MAX entries, oldest first.
 * Memory: at most some 4 KB per group; nothing for one that was never judged.
 */
export interface History {
  /** Whether the state or the effect is another than at the last entry. */
  isChanged(judgement: Judgement): boolean
  /**
   * Whether a refusal begins with this judgement, by the never-stepping clock. Clearing is refused to
   * what fires, tripping to what does not: they are told apart. One that was seen within the last `quietMs` goes on:
   * a share that swings around its limit makes one entry, and not one per swing.
   */
  isNews(judgement: Judgement, nowMs: number, quietMs: number): boolean
  add(change: Omit<Change, 'from'>): void
  list(): readonly Change[]
  /** Kept until the next entry, since all groups are saved every second and few have changed. */
  save(): string
  /** Takes what `save` gave; leaves out what is damaged. */
  load(saved: unknown): void
}

const CHANGES_MAX = 20

export function createHistory(): History {
  return new GroupHistory()
}

/** A class, since there may be thousands. */
class GroupHistory implements History {
  #changes: Change[] = []
  #saved: string | undefined
  /** Last time that each kind of refusal held, by effect; few groups have any. */
  #refused: Record<Effect, Map<Refusal, number>> | undefined

  isChanged({ state, effect }: Judgement): boolean {
    const last = this.#changes.at(-1)
    return last === undefined || last.to !== state || last.effect !== effect
  }

  isNews({ refused, effect }: Judgement, nowMs: number, quietMs: number): boolean {
    if (refused === undefined) return false
    this.#refused ??= { ok: new Map(), firing: new Map() }
    const lastMs = this.#refused[effect].get(refused)
    this.#refused[effect].set(refused, nowMs)
    // Each restart is one of its own.
    return refused === 'restarted' || lastMs === undefined || nowMs - lastMs > quietMs
  }

  add(change: Omit<Change, 'from'>): void {
    this.#changes.push({ ...change, from: this.#changes.at(-1)?.to ?? null })
    if (this.#changes.length > CHANGES_MAX) this.#changes.shift()
    this.#saved = undefined
  }

  list(): readonly Change[] {
    return this.#changes
  }

  save(): string {
    this.#saved ??= JSON.stringify(this.#changes)
    return this.#saved
  }

  load(saved: unknown): void {
    const changes = parse(saved)
    if (!Array.isArray(changes)) return
    this.#changes = changes.filter(isChange).slice(-CHANGES_MAX)
    this.#saved = undefined
  }
}

function parse(saved: unknown): unknown {
  try {
    return typeof saved === 'string' ? JSON.parse(saved) : undefined
  } catch {
    return undefined
  }
}

function isChange(saved: unknown): saved is Change {
  const { atUnixMs, judgedUnixMs, to, effect } = (saved ?? {}) as Partial<Change>
  const isDated = Number.isFinite(atUnixMs) && Number.isFinite(judgedUnixMs)
  return isDated && typeof to === 'string' && (effect === 'firing' || effect === 'ok')
}
