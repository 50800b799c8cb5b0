import type { Onset, Refusal, Verdict } from '../model/verdict.ts'
import type { DetectEvents } from '../telemetry/detect-events.ts'
import type { Judgement, Moment } from './judgement.ts'
import { reasonOf } from './reasons.ts'
import { refusalReason } from './refusal.ts'
import type { RuleRun, RunGroup, Told } from './rule-run.ts'
import { titleOf } from './title-of.ts'

export interface AnnounceOptions {
  readonly publish: (verdict: Verdict) => void
  /** Told instead of a verdict when nothing changed, because a change was refused. */
  readonly refuse: (verdict: Verdict) => void
  readonly events: DetectEvents
  /** When the trouble began that a group starts to fire for. */
  onsetOf?(run: RuleRun, entry: RunGroup, moment: Moment): Onset | undefined
}

/** Least time between two verdicts that differ in their value alone. */
const REFRESH_MS = 1_000

/**
 * Publishes a judgement when its state, effect, witnesses or reason changed, and, while it fires or
 * is pending, at most once a second when its value did. What changed, and what was refused, is added
 * to the group's history.
 */
export type Announce = (run: RuleRun, entry: RunGroup, moment: Moment) => void

export function createAnnouncer({ publish, refuse, events, onsetOf }: AnnounceOptions): Announce {
  const publishInTurn = inTurn(publish)
  return (run, entry, moment) => {
    const { judgement, told, group } = entry
    if (!judgement) return
    const isQuiet = judgement.refused === undefined && !entry.history.isChanged(judgement)
    const refused = isQuiet ? undefined : record({ run, entry, judgement, moment })
    const key = isSaidAgain(entry.keyed, judgement) ? entry.keyed.key : keyOf(judgement)
    if (key !== entry.keyed?.key) entry.keyed = { key, judgement }
    if (key === told?.key && !isRefreshDue({ judgement, told, moment })) {
      if (refused) refuse(toVerdict({ run, entry, judgement, moment, refused }))
      return
    }
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
    publishInTurn(toVerdict({ run, entry, judgement, moment, ...(refused && { refused }) }))
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
  const said = reason === undefined ? '' : reason.replaceAll(/ for \d+ s/g, '')
  return `${state} ${effect} ${witnesses.join()} ${said}`
}

/** Most judgements say what the last one did: then no text is made to find that out. */
function isSaidAgain(last: RunGroup['keyed'], next: Judgement): last is NonNullable<typeof last> {
  if (last === undefined) return false
  const { state, effect, reason, witnesses } = last.judgement
  const isSame = state === next.state && effect === next.effect && reason === next.reason
  return isSame && witnesses.length + next.witnesses.length === 0
}

function isRefreshDue(query: { judgement: Judgement; told: Told; moment: Moment }): boolean {
  const { judgement, told, moment } = query
  const isShown = judgement.effect === 'firing' || judgement.state === 'pending'
  return isShown && judgement.value !== told.value && moment.nowMs - told.atMs >= REFRESH_MS
}

/** Adds to the history what is new; returns a refusal that begins. */
function record({ run, entry, judgement, moment }: VerdictQuery): Refused | undefined {
  const { history } = entry
  const { refused: why } = judgement
  const isNews = history.isNews(judgement, moment.nowMs, run.rule.windowMs)
  if (!isNews && !history.isChanged(judgement)) return undefined
  const { state, effect, value, threshold, count, atUnixMs } = judgement
  const refused =
    isNews && why !== undefined
      ? { why, reason: refusalReason({ rule: run.rule, judgement, why, moment }) }
      : undefined
  history.add({
    ...{ atUnixMs, judgedUnixMs: moment.nowUnixMs, to: state, effect },
    ...{ value: state === 'unknown' ? null : value, threshold, count },
    reason: refused?.reason ?? reasonOf(run.rule, judgement),
    refused: refused?.why,
  })
  return refused
}

interface Refused {
  readonly why: Refusal
  readonly reason: string
}

interface VerdictQuery {
  readonly run: RuleRun
  readonly entry: RunGroup
  readonly judgement: Judgement
  readonly moment: Moment
  readonly refused?: Refused
}

function toVerdict({ run, entry, judgement, moment, refused }: VerdictQuery): Verdict {
  const { rule } = run
  const { by } = entry.group
  const { state, value, threshold, count } = judgement
  const reason = reasonOf(rule, judgement)
  const { traceparent, onset } = entry.told ?? {}
  const facts = {
    rule: rule.id,
    kind: rule.kind,
    by,
    severity: rule.severity,
    labels: rule.labels,
    title: titleOf({ run, by, judgement, reason }),
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
    ...(refused && { refused }),
    ...(onset && { onset }),
    ...(traceparent && { traceparent }),
  }
  if (state === 'unknown') return { ...facts, state, reason: reason ?? '', value: null }
  return { ...facts, state, value, ...(reason !== undefined && { reason }) }
}
