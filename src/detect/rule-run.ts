import { compileTitle, type RenderTitle } from '../config/rule-title.ts'
import type { Rule } from '../config/rules.ts'
import type { Timings } from '../config/timings.ts'
import type { Group as GroupKey } from '../model/verdict.ts'
import { createGroup, type Group, type Judgement } from './group.ts'
import { createGroupSources } from './group-sources.ts'
import type { Effect } from './hysteresis.ts'
import type { Item } from './kind.ts'
import { compileWhere, createKindState } from './kinds.ts'
import type { Sources } from './sources.ts'

/** One rule at work: which items it takes, and one group per combination of its `by` values. */
export interface RuleRun {
  readonly rule: Rule
  readonly renderTitle: RenderTitle
  takes(item: Item): boolean
  /** It only asks who sends: of a batch, one item of each sender is enough. */
  readonly isPerSender: boolean
  /** The group of an item, made when it is new; further groups than GROUPS_MAX share `__other__`. */
  groupOf(item: Item): RunGroup
  groups(): Iterable<RunGroup>
  /** Takes over a verdict that outlives an edit of the rule. */
  adopt(entry: RunGroup): void
  /** Drops the groups of a router that said goodbye, and returns them for their closing word. */
  dropRouter(router: string): readonly RunGroup[]
  /** Drops groups unheard for long that do not fire; true when there were some. */
  forget(nowMs: number): boolean
}

/** A group with what was last judged and last told of it. */
export interface RunGroup {
  readonly group: Group
  /** Shared by all for whom there was no room. */
  readonly isOverflow: boolean
  judgement?: Judgement
  told?: Told
}

export interface Told {
  readonly key: string
  readonly value: number | null
  readonly atMs: number
  readonly effect: Effect
  readonly traceparent: string
}

export interface RuleRunOptions {
  readonly rule: Rule
  readonly sources: Sources
  readonly timings: Timings
  readonly latenessMs: number
  readonly silentMs: number
  readonly nowMs: number
  onOverflow(): void
}

const GROUPS_MAX = 256
export const OTHER = '__other__'

export function createRuleRun(options: RuleRunOptions): RuleRun {
  const { rule, sources, timings, latenessMs, silentMs } = options
  const takes = compileWhere(rule)
  const groups = new Map<string, RunGroup>()
  const memoryMs = Math.max(timings.hourMs, rule.windowMs)

  const add = (by: GroupKey, start: { nowMs: number; effect?: Effect }): RunGroup => {
    const common = { rule, sources, latenessMs, by, ...start }
    const group = createGroup({
      ...common,
      kind: createKindState(rule, { sinceMs: start.nowMs, memoryMs }),
      sources: createGroupSources({ ...common, ...sourcesOf(rule), silentMs, memoryMs }),
    })
    const isOverflow = rule.by.length > 0 && rule.by.every((key) => by[key] === OTHER)
    const added: RunGroup = { group, isOverflow }
    groups.set(keyOf(rule.by.map((key) => by[key])), added)
    return added
  }
  // A rule over everything is there from the start, so that it shows, and hears that nothing comes.
  if (rule.by.length === 0) add({}, { nowMs: options.nowMs })

  return {
    rule,
    renderTitle: compileTitle(rule.title),
    takes,
    isPerSender: isPerSender(rule),
    groups: () => groups.values(),
    groupOf(item) {
      const values = rule.by.map((key) => item.read(key)?.toString())
      const known = groups.get(keyOf(values))
      if (known) return known
      const start = { nowMs: item.heardMs }
      if (groups.size < GROUPS_MAX) return add(toBy(rule.by, values), start)
      options.onOverflow()
      const others = rule.by.map(() => OTHER)
      return groups.get(keyOf(others)) ?? add(toBy(rule.by, others), start)
    },
    adopt({ group, told }) {
      const added = add(group.by, { nowMs: options.nowMs, effect: group.effect })
      if (told) added.told = told
    },
    dropRouter(router) {
      const gone = [...groups].filter(([, { group }]) => group.by.router === router)
      for (const [key] of gone) groups.delete(key)
      return gone.map(([, entry]) => entry)
    },
    forget(nowMs) {
      const before = groups.size
      const idleMs = Math.max(memoryMs, pastOf(rule)) + rule.windowMs * 10
      for (const [key, { group }] of groups) {
        if (rule.by.length === 0 || group.effect === 'firing') continue
        if (nowMs - group.heardMs > idleMs) groups.delete(key)
      }
      return groups.size < before
    },
  }
}

/** What names a sender, and is the same for all that it sends. */
const SENDER_KEYS = new Set(['router', 'worker', 'autoscaler'])

export function isPerSender(rule: Rule): boolean {
  if (rule.kind !== 'silence' || typeof rule.expect !== 'string') return false
  // Workers name their target on the resource; what routers name changes with every item.
  const isSender = (key: string) =>
    SENDER_KEYS.has(key) || (key === 'target' && rule.expect === 'workers')
  return rule.by.every(isSender)
}

function sourcesOf({ windowMs, kind }: Rule) {
  return { windowMs, isRatio: kind === 'ratio' }
}

/** How far back a rule compares. */
function pastOf(rule: Rule): number {
  return rule.kind === 'growth' ? (rule.baselineMs ?? rule.overMs ?? 0) : 0
}

function keyOf(values: readonly (string | undefined)[]): string {
  return values.map((value) => value ?? '').join('\u0000')
}

/** What an item does not say stands in no group's name: such a group says nothing of that key. */
function toBy(keys: readonly string[], values: readonly (string | undefined)[]): GroupKey {
  return Object.fromEntries(
    keys.flatMap((key, index) => {
      const value = values[index]
      return value === undefined || value === '' ? [] : [[key, value]]
    }),
  )
}
