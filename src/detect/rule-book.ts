import { lookedAt, type Rule } from '../config/rules.ts'
import type { Timings } from '../config/timings.ts'
import type { Topology } from '../config/topology.ts'
import type { Clock } from '../lib/clock.ts'
import type { ObservationUnit } from '../model/observation.ts'
import type { Group as GroupKey } from '../model/verdict.ts'
import type { DetectEvents } from '../telemetry/detect-events.ts'
import { FEEDS, type Feed, feedsOf, unitOf } from './feeds.ts'
import type { Look } from './kind.ts'
import { createRuleRun, OTHER, type RuleRun, type RunGroup } from './rule-run.ts'
import { createSorters, type Sorter } from './sorter.ts'
import type { Sources } from './sources.ts'

/** All rules at work, by what they look at. */
export interface RuleBook {
  runs(): readonly RuleRun[]
  /**
   * Sort items of a stream to the rules that take it, all but those of `perSenderOf`. Others when what
   * these found does not hold any more.
   */
  sortersOf(feed: Feed): readonly Sorter[]
  /** Rules that only ask who sends. */
  perSenderOf(feed: Feed): readonly RuleRun[]
  /** To be called when groups were dropped. */
  forgetGroups(): void
  /** What the groups of a rule say together that say nothing else of the keys they share with `by`. */
  look(rule: string, by: GroupKey): Look
  /** Makes the groups of rules that look at others. */
  follow(nowMs: number): void
  /** Rules that look at one of these, with their groups made, in the order in which to judge them. */
  lookingAt(rules: ReadonlySet<string>, nowMs: number): readonly RuleRun[]
  /** Starts anew the windows over attempts and requests of every group that concerns the route. */
  restart(route: string, nowUnixMs: number): void
  /** A rule at work beside the others, and judged by nobody: for the closing words of one that is gone. */
  start(rule: Rule): RuleRun
  /** Swaps the rules; returns the groups that fired and whose rule is gone. */
  reload(rules: readonly Rule[]): Gone[]
}

export interface Gone {
  readonly run: RuleRun
  readonly entry: RunGroup
}

export interface RuleBookOptions {
  readonly rules: readonly Rule[]
  readonly sources: Sources
  /** Whether the counters of a router stand for its spans. */
  isShort(router: string): boolean
  topology(): Topology
  readonly clock: Clock
  readonly timings: Timings
  readonly latenessMs: number
  readonly silentMs: number
  readonly events: DetectEvents
}

export function createRuleBook(options: RuleBookOptions): RuleBook {
  const { events } = options
  const start = (rule: Rule) =>
    createRuleRun({ ...options, rule, nowMs: options.clock.monotonicMs() })
  let runs = inOrder(options.rules.map(start))
  let index = indexByFeed(runs)
  let dependent = dependentOf(runs)

  return {
    runs: () => runs,
    start,
    sortersOf: (feed) => index.sorters[feed],
    perSenderOf: (feed) => index.perSender[feed],
    forgetGroups() {
      index = indexByFeed(runs)
    },
    look(rule, by) {
      let isFiring = false
      let lastFiringUnixMs = Number.NEGATIVE_INFINITY
      let unknownReason: string | undefined
      for (const { group } of runs.find((one) => one.rule.id === rule)?.groups() ?? []) {
        if (!isCompatible(group.by, by)) continue
        const own = group.look()
        isFiring ||= own.isFiring
        lastFiringUnixMs = Math.max(lastFiringUnixMs, own.lastFiringUnixMs)
        unknownReason ??= own.unknownReason
      }
      return { isFiring, lastFiringUnixMs, unknownReason }
    },
    follow(nowMs) {
      for (const run of dependent) follow(run, runs, nowMs)
    },
    lookingAt(ids, nowMs) {
      const found: RuleRun[] = []
      const touched = new Set(ids)
      for (const run of dependent) {
        if (!lookedAt(run.rule).some((id) => touched.has(id))) continue
        // Whoever looks at this one is next.
        touched.add(run.rule.id)
        follow(run, runs, nowMs)
        found.push(run)
      }
      return found
    },
    restart(route, nowUnixMs) {
      const topology = options.topology()
      for (const run of runs) {
        if (!isRestartable(run.rule)) continue
        for (const { group } of run.groups())
          if (concerns(group.by, route, topology)) group.restart(nowUnixMs)
      }
    },
    reload(rules) {
      const before = new Map(runs.map((run) => [run.rule.id, run]))
      const gone: Gone[] = []
      const next = rules.map((rule) => {
        const old = before.get(rule.id)
        before.delete(rule.id)
        if (!old) return start(rule)
        if (JSON.stringify(old.rule) === JSON.stringify(rule)) return old
        return succeed({ old, run: start(rule), gone })
      })
      for (const run of before.values()) gone.push(...firingOf(run))
      const kept = next.filter((run) => runs.includes(run)).length
      events.reloaded({ kept, fresh: next.length - kept, gone: before.size })
      runs = inOrder(next)
      index = indexByFeed(runs)
      dependent = dependentOf(runs)
      return gone
    },
  }
}

/** Budgets, and what is compared with a past of its own: a move of traffic takes neither away. */
const LASTING: ReadonlySet<Rule['kind']> = new Set(['burn_rate', 'growth', 'change'])

/**
 * Decisions on attempts and requests start anew when weights change, so that the old target's failures
 * say nothing of the new one; nothing else forgets. A quantile forgets its window and keeps its baseline.
 */
export function isRestartable(rule: Rule): boolean {
  if (rule.kind === 'silence' || rule.kind === 'inflight' || LASTING.has(rule.kind)) return false
  return rule.on === 'attempts' || rule.on === 'requests'
}

/** An edited rule starts with empty windows but keeps what fires, when its groups are the same. */
function succeed({ old, run, gone }: { old: RuleRun; run: RuleRun; gone: Gone[] }): RuleRun {
  const isSameGroups = JSON.stringify(old.rule.by) === JSON.stringify(run.rule.by)
  for (const one of firingOf(old))
    if (isSameGroups) run.adopt(one.entry)
    else gone.push(one)
  return run
}

function firingOf(run: RuleRun): Gone[] {
  const firing = [...run.groups()].filter(({ group }) => group.effect === 'firing')
  return firing.map((entry) => ({ run, entry }))
}

// Rules that look at others are judged after them.
function inOrder(runs: readonly RuleRun[]): readonly RuleRun[] {
  const byId = new Map(runs.map((run) => [run.rule.id, run]))
  const placed = new Set<RuleRun>()
  const place = (run: RuleRun | undefined) => {
    if (!run || placed.has(run)) return
    for (const id of lookedAt(run.rule)) place(byId.get(id))
    placed.add(run)
  }
  const isDependent = ({ rule }: RuleRun) => lookedAt(rule).length > 0
  for (const run of [...runs].sort((a, b) => Number(isDependent(a)) - Number(isDependent(b))))
    place(run)
  return [...placed]
}

/** A composite has the groups of the rules that it names; a gap has its own. */
function follow(run: RuleRun, runs: readonly RuleRun[], nowMs: number): void {
  if (run.rule.kind === 'gap') return
  const ids = new Set(lookedAt(run.rule))
  const others = runs.filter(({ rule }) => ids.has(rule.id))
  run.follow(others, nowMs)
}

const dependentOf = (runs: readonly RuleRun[]) =>
  runs.filter(({ rule }) => lookedAt(rule).length > 0)

interface Index {
  readonly sorters: Readonly<Record<Feed, readonly Sorter[]>>
  readonly perSender: Readonly<Record<Feed, readonly RuleRun[]>>
}

function indexByFeed(runs: readonly RuleRun[]): Index {
  const of = (feed: Feed) => runs.filter(({ rule }) => feedsOf(rule).includes(feed))
  const each = <T>(make: (taking: readonly RuleRun[], unit: ObservationUnit) => T) =>
    Object.fromEntries(FEEDS.map((feed) => [feed, make(of(feed), unitOf(feed))])) as Record<Feed, T>
  return {
    sorters: each((taking, unit) =>
      createSorters(
        unit,
        taking.filter((run) => !run.isPerSender),
      ),
    ),
    perSender: each((taking) => taking.filter((run) => run.isPerSender)),
  }
}

function isCompatible(a: GroupKey, b: GroupKey): boolean {
  for (const key in a) if (b[key] !== undefined && b[key] !== a[key]) return false
  return true
}

/** A group concerns a route unless its `route` or `target` says otherwise. */
function concerns(by: GroupKey, route: string, topology: Topology): boolean {
  if (by.route !== undefined && by.route !== route && by.route !== OTHER) return false
  if (by.target === undefined || by.target === OTHER) return true
  return topology.roleOf(route, by.target) !== 'unlisted'
}
