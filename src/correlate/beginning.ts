import type { Onset, Verdict } from '../model/verdict.ts'
import { type IncidentRecord, toIso } from './record.ts'
import { replaceRow, type TimelineRow } from './timeline.ts'

// When an incident began. Without an onset, all that is known is since when rules were breached, which
// is later by what their windows need, or earlier for a rule about something else. An onset is found
// as the report finds its T0, so an incident that has one says the same before and after it is over;
// signs before it stay in the timeline.

const T0_REACH_MS = 900_000

/** The incident with what a verdict that joined it, or its opening one, says of the beginning. */
export function beginningAfter(record: IncidentRecord, verdict: Verdict): IncidentRecord {
  const { onset, sinceUnixMs } = verdict
  // A rule that joins late may have been breached first; one that was so for hours is another matter.
  const isNear = (atUnixMs: number) => record.openedUnixMs - atUnixMs <= T0_REACH_MS
  if (onset && isNear(onset.atUnixMs)) return withOnset(record, onset)
  if (record.onset || !isNear(sinceUnixMs)) return record
  return { ...record, t0UnixMs: Math.min(record.t0UnixMs, sinceUnixMs) }
}

/** The earliest counts. What began only after the incident was open does not move its beginning. */
export function withOnset(record: IncidentRecord, onset: Onset): IncidentRecord {
  if (record.onset && record.onset.atUnixMs <= onset.atUnixMs) return record
  const { atUnixMs } = onset
  const isLater = atUnixMs > record.openedUnixMs
  return {
    ...record,
    onset,
    t0UnixMs: isLater ? Math.min(record.t0UnixMs, atUnixMs) : atUnixMs,
    timeline: replaceRow(record.timeline, onsetRow(onset)),
  }
}

function onsetRow(onset: Onset): TimelineRow & { key: string } {
  const { atUnixMs, uncertaintyMs, baselineRatio, detectUnixMs, from } = onset
  const at = toIso(atUnixMs)
  const early = toSpan(detectUnixMs - atUnixMs)
  const plusMinus = Number((uncertaintyMs / 1_000).toFixed(1))
  return {
    key: 'onset',
    at,
    clock: 'event',
    kind: 'onset',
    text: `Began at ${at.slice(11, 19)} (± ${plusMinus} s), ${early} before it was recognised`,
    evidence: {
      from,
      uncertainty_s: uncertaintyMs / 1_000,
      baseline_ratio: Number(baselineRatio.toPrecision(6)),
      recognised_at: toIso(detectUnixMs),
    },
  }
}

/** `36 s`, `4 min 12 s`: neither end is known better than to the second. */
function toSpan(ms: number): string {
  const seconds = Math.max(0, Math.round(ms / 1_000))
  if (seconds < 120) return `${seconds} s`
  const rest = seconds % 60
  return `${Math.floor(seconds / 60)} min${rest === 0 ? '' : ` ${rest} s`}`
}
