import { formatDurationMs } from '../lib/duration.ts'
import type { Onset, Verdict } from '../model/verdict.ts'
import type { DetectEvents } from '../telemetry/detect-events.ts'
import type { Judgement, Moment } from './judgement.ts'
import type { RuleRun, RunGroup, Told } from './rule-run.ts'

export interface AnnounceOptions {
  readonly publish: (verdict: Verdict) => void
  readonly events: DetectEvents
  /** When the trouble began that a group starts to fire for. */
  onsetOf?(run: RuleRun, entry: RunGroup, moment: Moment): Onset | undefined
}

/** Least time between two verdicts that differ in their value alone. */
const REFRESH_MS = 1_000

/**
 * Publishes a judgement when its state, effect, witnesses or reason changed, and, while it fires or
 * is pending, at most once a second when its value did.
 */
export type Announce = (run: RuleRun, entry: RunGroup, moment: Moment) => void

export function createAnnouncer({ publish, events, onsetOf }: AnnounceOptions): Announce {
  const publishInTurn = inTurn(publish)
  return (run, entry, moment) => {
    const { judgement, told, group } = entry
    if (!judgement) return
    const key = keyOf(judgement)
    if (key === told?.key && !isRefreshDue({ judgement, told, moment })) return
    const change = {
      rule: run.rule.id,
      by: group.by,
      from: told?.state,
      to: judgement.state,
      value: judgement.value,
      count: judgement.count,
      reason: judgement.reason,
    }
    const starts = judgement.effect === 'firing' && told?.effect !== 'firing'
    const traceparent = starts ? events.ruleFired(change) : (told?.traceparent ?? '')
    const isFiring = judgement.effect === 'firing'
    const onset = starts ? onsetOf?.(run, entry, moment) : isFiring ? told?.onset : undefined
    if (change.from !== change.to) events.stateChanged(change)
    const { state, value, effect } = judgement
    entry.told = { key, state, value, effect, traceparent, onset, atMs: moment.nowMs }
    publishInTurn(toVerdict({ run, entry, judgement, moment }))
  }
}

/**
 * A verdict may move weights, and that judges everything anew: what follows from a verdict is told
 * after everybody has heard the verdict itself. Bounded by the groups that one judging touches.
 */
function inTurn(publish: (verdict: Verdict) => void) {
  const waiting: Verdict[] = []
  let isPublishing = false
  return (verdict: Verdict): void => {
    waiting.push(verdict)
    if (isPublishing) return
    isPublishing = true
    try {
      for (let next = waiting.shift(); next; next = waiting.shift()) publish(next)
    } finally {
      isPublishing = false
    }
  }
}

// The seconds of "router-2 silent for 14 s" grow without anything having changed.
function keyOf({ state, effect, witnesses, reason }: Judgement): string {
  return JSON.stringify([state, effect, witnesses, reason?.replaceAll(/ for \d+ s/g, '')])
}

function isRefreshDue(query: { judgement: Judgement; told: Told; moment: Moment }): boolean {
  const { judgement, told, moment } = query
  const isShown = judgement.effect === 'firing' || judgement.state === 'pending'
  return isShown && judgement.value !== told.value && moment.nowMs - told.atMs >= REFRESH_MS
}

interface VerdictQuery {
  readonly run: RuleRun
  readonly entry: RunGroup
  readonly judgement: Judgement
  readonly moment: Moment
}

function toVerdict({ run, entry, judgement, moment }: VerdictQuery): Verdict {
  const { rule } = run
  const { by } = entry.group
  const { state, value, threshold, count, reason } = judgement
  const { traceparent, onset } = entry.told ?? {}
  const facts = {
    rule: rule.id,
    kind: rule.kind,
    by,
    severity: rule.severity,
    labels: rule.labels,
    title: run.renderTitle({
      ...by,
      rule: rule.id,
      severity: rule.severity,
      labels: rule.labels,
      window: formatDurationMs(rule.windowMs),
      state,
      reason,
      value,
      threshold,
      count,
    }),
    ...(rule.runbook !== undefined && { runbook: rule.runbook }),
    sinceUnixMs: judgement.sinceUnixMs,
    atUnixMs: judgement.atUnixMs,
    judgedUnixMs: moment.nowUnixMs,
    watermarkUnixMs: judgement.watermarkUnixMs,
    threshold,
    count,
    windowMs: rule.windowMs,
    effect: judgement.effect,
    witnesses: judgement.witnesses,
    ...(onset && { onset }),
    ...(traceparent && { traceparent }),
  }
  if (state === 'unknown') return { ...facts, state, reason: reason ?? '', value: null }
  return { ...facts, state, value, ...(reason !== undefined && { reason }) }
}
