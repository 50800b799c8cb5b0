import type { Report } from '../model/report.ts'
import { COUNT_MIN } from './bins.ts'
import type { ReportFacts } from './facts.ts'
import { ratioOf, round } from './figure.ts'

/** What a reader must know about the data before believing a figure. */
export function toDataQuality(facts: ReportFacts): Report['data_quality'] {
  const { interval, binMs, horizonMs, newestMs, latenessMs, quality, sessions, baseline } = facts
  const { capacity, inside, chain, theta, quietForMs } = facts
  const unknownBins = inside.filter((bin) => bin.samples < COUNT_MIN).length
  return {
    newest_request_at: newestMs === null ? null : toIso(newestMs),
    known_until: toIso(horizonMs),
    lateness_s: latenessMs / 1000,
    bin_s: binMs / 1000,
    bins: inside.length,
    bins_unknown: unknownBins,
    t0_from: interval.t0From,
    theta,
    n_min: COUNT_MIN,
    quiet_for_s: quietForMs / 1000,
    baseline_failed_ratio: round(baseline.ratio),
    baseline_attempts: baseline.count,
    baseline_from: toIso(baseline.fromMs),
    baseline_until: toIso(baseline.toMs),
    bad_above: round(interval.badAbove),
    ready_workers_known: capacity.perWorker !== undefined,
    request_spans: quality.spans,
    duplicate_spans: quality.duplicates,
    late_spans: quality.late,
    sampled_spans: quality.sampled,
    spans_sharing_a_request: quality.spans - quality.duplicates - quality.requests,
    ok_without_known_target: quality.withoutTarget,
    requests_without_session_share: round(ratioOf(sessions.anonymous, sessions.requests)),
    clock_offsets: chain.offsets.map(({ router, offsetMs, errorMs }) => ({
      router,
      offset_ms: round(offsetMs),
      error_ms: round(errorMs),
    })),
    notes: notesOf(facts, unknownBins),
  }
}

function notesOf(facts: ReportFacts, unknownBins: number): string[] {
  const { interval, baseline, quality, capacity, sessions, moves, inside } = facts
  const notes: readonly (readonly [boolean, string])[] = [
    [
      true,
      'Only asynchronous requests without an end count as unknown (N_u): routers’ counters are not stored.',
    ],
    [
      interval.state === 'provisional',
      'The outage is not over, as far as the data reaches: every figure is provisional.',
    ],
    [
      interval.t0From === 'incident',
      'Attempts on the primary show no beginning: T0 is the first sign that the incident knew.',
    ],
    [
      baseline.count === 0,
      'No attempts from before the outage are stored: the baseline failure ratio is taken as 0.1 %.',
    ],
    [
      unknownBins > inside.length / 2,
      'Most bins hold fewer than 20 requests: figures by time say little.',
    ],
    [quality.sampled > 0, 'Some spans are sampled: counts are sums of their weights.'],
    [
      moves.length > 0 && capacity.perWorker === undefined,
      'Ready workers of the primary are not known: what it could carry is judged by its own attempts alone.',
    ],
    [
      sessions.machines > 0,
      'Sessions above one request per second are machines and are left out of disruption.',
    ],
    [moves.length > 1, 'The route moved more than once: the chain shows the first move.'],
  ]
  return notes.flatMap(([holds, text]) => (holds ? [text] : []))
}

function toIso(ms: number): string {
  return new Date(Math.round(ms)).toISOString()
}
