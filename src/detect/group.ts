import type { Rule } from '../config/rules.ts'
import type { Group as GroupKey } from '../model/verdict.ts'
import type { GroupSources } from './group-sources.ts'
import type { Effect } from './hysteresis.ts'
import type { Judgement, Moment } from './judgement.ts'
import type { Item, KindState, Look } from './kind.ts'
import type { Numbers } from './numbers.ts'
import type { Restored, SavedGroup } from './saved-group.ts'
import type { SourceShares } from './source-shares.ts'

/** One group of a rule, whatever its kind. */
export interface Group {
  readonly by: GroupKey
  /** @param numbers when the item stands for many that differ in a number */
  add(item: Item, numbers?: Numbers): void
  judge(moment: Moment): Judgement
  /** The last judgement with figures of now, of one that rests: nobody judges what turns nothing. */
  refresh(last: Judgement, moment: Moment): Judgement
  /** Whether what it took since it was judged may make it say something else. */
  mayTurn(moment: Moment): boolean
  /** Since the judgement before the last one, what it says to rules that look at it changed. */
  readonly hasNewLook: boolean
  /** Forgets items, not the verdict: it keeps its effect until judged anew. */
  restart(atUnixMs: number): void
  readonly effect: Effect
  /** Last arrival of an item, on the never-stepping clock. */
  readonly heardMs: number
  /** Last arrival of anything from the source of its last item; -Infinity when that is not known. */
  readonly sourceHeardMs: number
  /** What it says to rules that look at it. */
  look(): Look
  /** When it may trip at the earliest if nothing comes, on the never-stepping clock. */
  readonly dueMs: number
  /** Who sends to it, as of now. */
  shares(moment: Moment): SourceShares
  save(nowMs: number): SavedGroup
  /** False for what no group of this rule saved; then it is to be thrown away. */
  load(saved: SavedGroup, restored: Restored): boolean
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
  /** Last arrival of anything from a source; -Infinity when it is not known. */
  sourceHeardMs(id: string): number
  /** Since when nine in ten other groups of the rule, of those alive, took an item; else -Infinity. */
  othersHeardMs(nowMs: number): number
}
