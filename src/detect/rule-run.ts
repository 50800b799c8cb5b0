import { compileTitle, type RenderTitle } from '../config/rule-title.ts'
import type { Rule } from '../config/rules.ts'
import type { Timings } from '../config/timings.ts'
import type { Group as GroupKey, Onset, RuleState } from '../model/verdict.ts'
import type { DetectEvents } from '../telemetry/detect-events.ts'
import { countedBy } from './feeds.ts'
import type { Group } from './group.ts'
import { isOfIds, keyOf, longestIdle, toBy } from './group-room.ts'
import { createGroupSources } from './group-sources.ts'
import { createHistory, type History } from './history.ts'
import type { Effect } from './hysteresis.ts'
import { createGroup } from './judged-group.ts'
import type { Judgement } from './judgement.ts'
import type { Item } from './kind.ts'
import { compileWhere, createKindState } from './kinds.ts'
import { isPerSender } from './per-sender.ts'
import type { Restored, SavedGroup } from './saved-group.ts'
import type { Sources } from './sources.ts'

/** One rule at work: which items it takes, and one group per combination of its `by` values. */
export interface RuleRun {
  readonly rule: Rule
  readonly renderTitle: RenderTitle
  /** Since when it listens, on the never-stepping clock; earlier, when it was taken up again. */
  sinceMs: number
  takes(item: Item): boolean
  /** It only asks who sends: of a batch, one item of each sender is enough. */
  readonly isPerSender: boolean
  /**
   * The group of an item, made when it is new. Further groups than GROUPS_MAX share `__other__`; where
   * they are ids, the one that was idle longest makes room.
   */
  groupOf(item: Item): RunGroup
  groups(): Iterable<RunGroup>
  /** Of a rule that looks at others: makes the groups that theirs are part of. */
  follow(others: readonly RuleRun[], nowMs: number): void
  /** Takes over a verdict that outlives an edit of the rule. */
  adopt(entry: Adopted): void
  /** Drops the groups of a router that said goodbye, and returns them for their closing word. */
  dropRouter(router: string): readonly RunGroup[]
  /** Drops groups unheard for long that do not fire; true when there were some. */
  forget(nowMs: number): boolean
  /** Takes up a group that was saved; one that does not fit is left out, and false. */
  load(saved: SavedRunGroup, restored: Restored): boolean
}

/** A group with what was last judged and last told of it. */
export interface RunGroup {
  readonly group: Group
  /** Shared by all for whom there was no room. */
  readonly isOverflow: boolean
  judgement?: Judgement
  judgedUnixMs: number
  told?: Told
  /** What was last said in a word, by which a change is known. */
  keyed?: { readonly key: string; readonly judgement: Judgement }
  readonly history: History
  /** The last batch that it took something of. */
  touchedBatch: number
}

export interface Told {
  readonly key: string
  readonly state: RuleState
  readonly value: number | null
  readonly atMs: number
  readonly effect: Effect
  readonly traceparent: string
  /** Of the trip that is told, as it was known when it began. */
  readonly onset?: Onset | undefined
}

export interface SavedRunGroup {
  readonly by: GroupKey
  readonly group: SavedGroup
  readonly told: Pick<Told, 'state' | 'effect' | 'traceparent' | 'onset'> | undefined
  /** What `History.save` gave; absent in older files. */
  readonly history?: string
}

export interface Adopted {
  readonly group: Pick<Group, 'by' | 'effect'>
  readonly told?: Told
  readonly history?: Pick<History, 'save'>
}

interface RuleRunOptions {
  readonly rule: Rule
  readonly sources: Sources
  isShort(router: string): boolean
  readonly timings: Timings
  readonly latenessMs: number
  readonly silentMs: number
  readonly nowMs: number
  readonly events: Pick<DetectEvents, 'groupsOverflowed' | 'groupEvicted'>
}

const GROUPS_MAX = 256
/** Of the others who are alive, so many may be slower than what is said of them all. */
const SLOW_OTHERS = 0.1
export const OTHER = '__other__'

export function createRuleRun(options: RuleRunOptions): RuleRun {
  return new Run(options)
}

class Run implements RuleRun {
  readonly rule: Rule
  readonly renderTitle: RenderTitle
  sinceMs: number
  readonly takes: (item: Item) => boolean
  readonly isPerSender: boolean
  readonly #options: RuleRunOptions
  readonly #groups = new Map<string, RunGroup>()
  readonly #memoryMs: number

  constructor(options: RuleRunOptions) {
    const { rule, timings, nowMs } = options
    this.rule = rule
    this.renderTitle = compileTitle(rule.title)
    this.sinceMs = nowMs
    this.takes = compileWhere(rule)
    this.isPerSender = isPerSender(rule)
    this.#options = options
    this.#memoryMs = Math.max(timings.hourMs, rule.windowMs)
    // A rule over everything is there from the start, so that it shows, and hears that nothing comes.
    if (rule.by.length === 0) this.#add({}, { nowMs })
  }

  groups(): Iterable<RunGroup> {
    return this.#groups.values()
  }

  groupOf(item: Item): RunGroup {
    const values = this.rule.by.map((key) => item.read(key)?.toString())
    return this.#find(values, item.heardMs)
  }

  follow(others: readonly RuleRun[], nowMs: number): void {
    if (this.rule.by.length === 0) return
    for (const other of others)
      for (const { group } of other.groups()) {
        const values = this.rule.by.map((key) => group.by[key])
        if (values.every((value) => value !== undefined)) this.#find(values, nowMs)
      }
  }

  adopt({ group, told, history }: Adopted): void {
    const added = this.#add(group.by, { nowMs: this.#options.nowMs, effect: group.effect })
    if (told) added.told = told
    if (history) added.history.load(history.save())
  }

  dropRouter(router: string): readonly RunGroup[] {
    return this.#drop(({ by }) => by.router === router)
  }

  forget(nowMs: number): boolean {
    const { rule } = this
    if (rule.by.length === 0) return false
    const idleMs = Math.max(this.#memoryMs, pastOf(rule)) + rule.windowMs * 10
    const isIdle = ({ heardMs }: Group) => nowMs - heardMs > idleMs
    return this.#drop((group) => group.effect !== 'firing' && isIdle(group)).length > 0
  }

  load({ by, group, told, history }: SavedRunGroup, restored: Restored): boolean {
    if (this.#groups.size > GROUPS_MAX) return false
    const added = this.#add(by, restored)
    if (!added.group.load(group, restored)) {
      this.#add(by, restored)
      return false
    }
    if (history !== undefined) added.history.load(history)
    // Told again, since everybody else starts anew too, but as the same trip.
    if (told) added.told = { ...told, key: '', value: null, atMs: restored.nowMs }
    return true
  }

  #add(by: GroupKey, { nowMs, effect }: { nowMs: number; effect?: Effect }): RunGroup {
    const { rule } = this
    const { sources, isShort, latenessMs, silentMs } = this.#options
    const memoryMs = this.#memoryMs
    const aging = { memoryMs, aliveMs: silentMs }
    const key = keyOf(rule.by.map((name) => by[name]))
    const group = createGroup({
      ...{ rule, by, latenessMs, nowMs, ...(effect && { effect }) },
      kind: createKindState(rule, { sinceMs: nowMs, ruleSinceMs: this.sinceMs, ...aging }),
      sources: createGroupSources({
        ...{ sources, latenessMs, silentMs, memoryMs, windowMs: rule.windowMs },
        isCounted: countedBy(rule, isShort),
        isRatio: rule.kind === 'ratio' || rule.kind === 'burn_rate',
      }),
      sourceHeardMs: (id) => sources.get(id)?.heardMs ?? Number.NEGATIVE_INFINITY,
      othersHeardMs: (nowMs) => this.#othersHeardMs(key, nowMs),
    })
    const isOverflow = rule.by.length > 0 && rule.by.every((name) => by[name] === OTHER)
    const fresh = { touchedBatch: 0, judgedUnixMs: 0 }
    const added: RunGroup = { group, isOverflow, history: createHistory(), ...fresh }
    this.#groups.set(key, added)
    return added
  }

  #find(values: readonly (string | undefined)[], nowMs: number): RunGroup {
    const known = this.#groups.get(keyOf(values))
    if (known) return known
    if (this.#groups.size < GROUPS_MAX || this.#makesRoom())
      return this.#add(toBy(this.rule.by, values), { nowMs })
    this.#options.events.groupsOverflowed(this.rule.id)
    const others = this.rule.by.map(() => OTHER)
    return this.#groups.get(keyOf(others)) ?? this.#add(toBy(this.rule.by, others), { nowMs })
  }

  #makesRoom(): boolean {
    const key = isOfIds(this.rule) ? longestIdle(this.#groups) : undefined
    if (key === undefined) return false
    // It may have taken something just now, and is still to be judged: then there is nothing in it.
    this.#groups.get(key)?.group.restart(Number.NEGATIVE_INFINITY)
    this.#options.events.groupEvicted(this.rule.id)
    return this.#groups.delete(key)
  }

  #drop(isGone: (group: Group) => boolean): RunGroup[] {
    const gone = [...this.#groups].filter(([, { group }]) => isGone(group))
    for (const [key] of gone) this.#groups.delete(key)
    return gone.map(([, entry]) => entry)
  }

  #othersHeardMs(key: string, nowMs: number): number {
    const heard: number[] = []
    for (const [other, { group }] of this.#groups)
      if (other !== key && nowMs - group.sourceHeardMs <= this.#options.silentMs)
        heard.push(group.heardMs)
    heard.sort((a, b) => a - b)
    return heard[Math.floor(heard.length * SLOW_OTHERS)] ?? Number.NEGATIVE_INFINITY
  }
}

/** How far back a rule compares. */
function pastOf(rule: Rule): number {
  if (rule.kind === 'novelty') return rule.unseenForMs
  if (rule.kind === 'quantile' || rule.kind === 'change') return rule.baselineMs
  if (rule.kind === 'burn_rate') return Math.max(...rule.windows.map(({ longMs }) => longMs))
  return rule.kind === 'growth' ? (rule.baselineMs ?? rule.overMs ?? 0) : 0
}
