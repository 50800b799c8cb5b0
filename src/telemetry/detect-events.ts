import type { Group, RuleState } from '../model/verdict.ts'
import { type CounterEvents, createCounterEvents } from './counter-events.ts'
import { createMemoryEvents, type MemoryEvents } from './memory-events.ts'
import { type Telemetry, traceparentOf } from './telemetry.ts'

export interface RuleChange {
  readonly rule: string
  readonly by: Group
  readonly from: RuleState | undefined
  readonly to: RuleState
  readonly value: number | null
  readonly count: number
  readonly reason?: string | undefined
}

/** What happens in `detect`; each call counts and, where a person would ask, logs. */
export interface DetectEvents extends MemoryEvents, CounterEvents {
  observed(count: number): void
  /** A span starts here so that verdict, decision and delivery are one trace; its traceparent. */
  ruleFired(change: RuleChange): string
  stateChanged(change: RuleChange): void
  /** Seconds from the arrival of a batch to the last verdict it caused. */
  judged(seconds: number): void
  duplicateSkipped(): void
  /** Older than any window reaches, or than an unskewed source sends. */
  lateSkipped(source: string): void
  /** An event over 5 min off its arrival: arrival time was used. */
  clockGuarded(source: string): void
  /** A rule has too many groups; further ones share `__other__`. */
  groupsOverflowed(rule: string): void
  /** A group of an id (a request, a session) made room for another. */
  groupEvicted(rule: string): void
  reloaded(counts: { readonly kept: number; readonly fresh: number; readonly gone: number }): void
}

const LOG_EVERY = 1_000

export function createDetectEvents(telemetry: Telemetry): DetectEvents {
  const { log, tracer } = telemetry
  const counter = (name: string, help: string, labels: string[] = []) =>
    telemetry.counter(`signalbox_detect_${name}`, help, labels)
  const observed = counter('observations_total', 'Observations seen by rules.')
  const changes = counter('state_changes_total', 'Changes of rule state.', ['rule', 'state'])
  const duplicates = counter('duplicates_total', 'Spans delivered again, counted once.')
  const late = counter('late_total', 'Items too late for any window.')
  const guarded = counter('clock_guarded_total', 'Items over 5 min off, counted by arrival time.')
  const overflow = counter('group_overflow_total', 'Items counted in the overflow group.', ['rule'])
  const evicted = counter('group_evicted_total', 'Groups of ids that made room.', ['rule'])
  const seconds = telemetry.histogram(
    'signalbox_detect_judge_seconds',
    'From the arrival of a batch to its verdicts.',
  )
  const overflowed = new Set<string>()
  // The first of a source is news; after that one in a thousand, so that a flood stays readable.
  const counts = new Map<string, number>()
  const isNews = (key: string) => {
    const count = counts.get(key) ?? 0
    if (counts.size < LOG_EVERY || count > 0) counts.set(key, count + 1)
    return count % LOG_EVERY === 0
  }
  return {
    observed: (count) => observed.inc(count),
    ruleFired({ rule, by, value, count }) {
      const attributes = { 'signalbox.rule': rule, 'signalbox.count': count }
      const span = tracer.startSpan('rule fires', {
        root: true,
        attributes: { ...attributes, ...(value !== null && { 'signalbox.value': value }) },
      })
      for (const [key, text] of Object.entries(by)) span.setAttribute(`signalbox.by.${key}`, text)
      span.end()
      return traceparentOf(span)
    },
    stateChanged(change) {
      changes.inc({ rule: change.rule, state: change.to })
      const level = change.to === 'firing' || change.from === 'firing' ? 'warn' : 'info'
      // A group's first judgement is no change worth a line.
      if (change.from === undefined && change.to !== 'firing') return
      log[level](change, `rule ${change.rule} is ${change.to}`)
    },
    judged: (duration) => seconds.observe(duration),
    duplicateSkipped: () => duplicates.inc(),
    lateSkipped(source) {
      late.inc()
      if (isNews(`late ${source}`)) log.info({ source }, 'an item came too late to be judged')
    },
    clockGuarded(source) {
      guarded.inc()
      if (isNews(`clock ${source}`))
        log.warn({ source }, 'a clock is over 5 min off: its items count when they arrive')
    },
    groupsOverflowed(rule) {
      overflow.inc({ rule })
      if (overflowed.has(rule)) return
      overflowed.add(rule)
      log.warn({ rule }, 'a rule has too many groups; further ones share __other__')
    },
    groupEvicted: (rule) => evicted.inc({ rule }),
    ...createMemoryEvents(telemetry),
    ...createCounterEvents(telemetry),
    reloaded: (counted) => log.info(counted, 'rules reloaded'),
  }
}
