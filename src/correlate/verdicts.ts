import type { Verdict } from '../model/verdict.ts'
import { beginningAfter } from './beginning.ts'
import { type IncidentRecord, type RuleTrack, toIso, worseOf } from './record.ts'
import { appendRows, replaceRow, type TimelineRow } from './timeline.ts'

/**
 * How one verdict changes an incident. Few things are news: a rule that joins, fires, or clears.
 * Everything else (a new value, a flap within seconds, the 101st group) only refreshes a row, at
 * most every 5 s, so that a storm of verdicts costs neither a disk write nor a reader each.
 */
export interface Folded {
  readonly record: IncidentRecord
  /** `news` is saved and told at once, `detail` with the next sweep. */
  readonly weight: 'none' | 'detail' | 'news'
}

const RULES_MAX = 100
const ROW_EVERY_MS = 5_000

/** What an incident is labelled with by the verdict that leads it; `own` labels go before. */
export function labelsOf(
  { labels, by, rule }: Pick<Verdict, 'labels' | 'by' | 'rule'>,
  own: Readonly<Record<string, string>> = {},
): Record<string, string> {
  return { ...labels, ...by, rule, ...own }
}

/** Identity of a rule's group: its own `by` values, whatever their order. */
export function ruleKeyOf({ rule, by }: Pick<Verdict, 'rule' | 'by'>): string {
  const group = Object.entries(by).sort(([a], [b]) => (a < b ? -1 : 1))
  return `${rule}${group.map(([key, value]) => `|${key}=${value}`).join('')}`
}

/** Breached as far as anyone knows: `insufficient` and `unknown` keep the last conclusive verdict. */
export function isBreached(verdict: Verdict): boolean {
  return verdict.state === 'firing' || (verdict.state !== 'ok' && verdict.effect === 'firing')
}

export function foldVerdict(record: IncidentRecord, verdict: Verdict, nowMs: number): Folded {
  const key = ruleKeyOf(verdict)
  const track = record.rules[key]
  if (track) return refresh({ record, verdict, nowMs, key, track })
  if (!isBreached(verdict)) return { record, weight: 'none' }
  if (Object.keys(record.rules).length >= RULES_MAX) return overflow({ record, verdict, nowMs })
  const joined = withTrack({ record, verdict, nowMs, key })
  return { record: append(joined, key, verdict), weight: 'news' }
}

interface Fold {
  readonly record: IncidentRecord
  readonly verdict: Verdict
  readonly nowMs: number
  readonly key: string
}

function refresh(fold: Fold & { readonly track: RuleTrack }): Folded {
  const { record, verdict, nowMs, key, track } = fold
  const isChanged = track.state !== verdict.state && verdict.state !== 'pending'
  const isDue = nowMs - track.rowUnixMs >= ROW_EVERY_MS
  if (isChanged && isDue) {
    return { record: append(withTrack(fold), key, verdict), weight: 'news' }
  }
  if (!isChanged && !(isDue && verdict.state === 'firing')) {
    // The state still matters for closing, though no row says so.
    if (track.state === verdict.state) return { record, weight: 'none' }
    return { record: withTrack({ ...fold, rowUnixMs: track.rowUnixMs }), weight: 'detail' }
  }
  // Windows that start anew after a move know nothing yet: that unsays nothing of why it was made.
  if (track.state === 'firing' && !isConclusive(verdict)) {
    return { record: withTrack({ ...fold, rowUnixMs: track.rowUnixMs }), weight: 'detail' }
  }
  const touched = withTrack(isDue ? fold : { ...fold, rowUnixMs: track.rowUnixMs })
  const timeline = replaceRow(touched.timeline, { ...rowOf(verdict), key })
  return { record: { ...touched, timeline }, weight: 'detail' }
}

function isConclusive({ state }: Verdict): boolean {
  return state === 'firing' || state === 'ok'
}

function append(record: IncidentRecord, key: string, verdict: Verdict): IncidentRecord {
  return { ...record, timeline: appendRows(record.timeline, [{ ...rowOf(verdict), key }]) }
}

function withTrack(fold: Fold & { readonly rowUnixMs?: number }): IncidentRecord {
  const { record, verdict, nowMs, key } = fold
  const earlier = record.rules[key]
  const track: RuleTrack = {
    rule: verdict.rule,
    by: verdict.by,
    severity: verdict.severity,
    state: verdict.state,
    isCalm: isCalmAfter(verdict, earlier?.isCalm ?? false),
    title: verdict.title,
    sinceUnixMs: verdict.sinceUnixMs,
    value: verdict.value,
    threshold: verdict.threshold,
    count: verdict.count,
    windowMs: verdict.windowMs,
    rowUnixMs: fold.rowUnixMs ?? nowMs,
  }
  const isWorse = worseOf(record.titleSeverity, verdict.severity) !== record.titleSeverity
  const begun = earlier && !verdict.onset ? record : beginningAfter(record, verdict)
  return {
    ...begun,
    rules: { ...record.rules, [key]: track },
    severity: worseOf(record.severity, verdict.severity),
    // Opened by a move: its cause is heard a moment later, and on-call routes match on its labels.
    ...(record.labels.rule === undefined && { labels: labelsOf(verdict, record.labels) }),
    ...(isWorse && { title: verdict.title, titleSeverity: verdict.severity }),
    ...(record.runbook === undefined && verdict.runbook && { runbook: verdict.runbook }),
  }
}

// Only a conclusive `ok` calms a rule: missing data (`unknown`, `insufficient`) never does.
function isCalmAfter(verdict: Verdict, wasCalm: boolean): boolean {
  if (verdict.state === 'ok') return true
  if (verdict.state === 'firing' || verdict.state === 'pending') return false
  return wasCalm
}

/** One row for all groups beyond the bound: how many times they spoke. */
function overflow({ record, verdict, nowMs }: Omit<Fold, 'key'>): Folded {
  const count = record.untrackedCount + 1
  const next = {
    ...record,
    untrackedCount: count,
    severity: worseOf(record.severity, verdict.severity),
  }
  if (count > 1 && count % 1_000 !== 0) return { record: next, weight: 'none' }
  const row = {
    key: 'overflow',
    at: toIso(nowMs),
    clock: 'signalbox',
    kind: 'rule',
    text: `more rules and groups fire than are listed here (${count} verdicts of them)`,
    evidence: { verdicts: count, newest: verdict.rule, by: verdict.by },
  }
  return { record: { ...next, timeline: replaceRow(next.timeline, row) }, weight: 'detail' }
}

function rowOf(verdict: Verdict): TimelineRow {
  return {
    at: toIso(verdict.sinceUnixMs),
    clock: 'event',
    kind: 'rule',
    text: textOf(verdict),
    evidence: {
      rule: verdict.rule,
      by: verdict.by,
      state: verdict.state,
      severity: verdict.severity,
      value: verdict.value,
      threshold: verdict.threshold,
      count: verdict.count,
      window_s: verdict.windowMs / 1_000,
      judged_at: toIso(verdict.judgedUnixMs),
      ...(verdict.witnesses.length > 0 && { witnesses: verdict.witnesses.slice(0, 20) }),
    },
  }
}

function textOf(verdict: Verdict): string {
  const where = Object.values(verdict.by).join(', ')
  const name = where === '' ? verdict.rule : `${verdict.rule} (${where})`
  const isTold = verdict.state === 'firing' || verdict.kind === 'problem'
  if (isTold) return verdict.title === '' ? `${name} fires` : verdict.title
  if (verdict.state === 'ok') return `${name} is ok again`
  const reason = verdict.reason === undefined ? '' : `: ${verdict.reason}`
  return `${name} is ${verdict.state}${reason}`
}
