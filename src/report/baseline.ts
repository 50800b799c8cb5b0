import { baselineQuery } from './attempts.ts'
import { COUNT_MIN } from './bins.ts'
import type { Baseline } from './facts.ts'
import type { QueryRunner } from './query.ts'
import { type PatienceRow, patienceQuery } from './request-spans.ts'

// What was normal before: p0 of the primary, and how long an answer of each class used to take.

interface BaselineOptions {
  readonly runner: QueryRunner
  readonly route: string
  readonly detectMs: number
  /** Window of the rule that moved the route. */
  readonly windowMs: number
  /** How far back: 7 days for p0, an hour for latency, by timings. */
  readonly memoryMs: number
  readonly hourMs: number
}

/** See `IntervalOptions.baselineRatio`. */
export async function readBaseline(options: BaselineOptions): Promise<Baseline> {
  const { runner, route, detectMs, windowMs, memoryMs, hourMs } = options
  const ranges = [
    { route, fromMs: detectMs - memoryMs, toMs: detectMs - 2 * windowMs },
    { route, fromMs: detectMs - hourMs, toMs: detectMs - windowMs },
  ]
  for (const range of ranges) {
    const row = await runner.one<{ count: number; ok: number; failed: number }>(
      baselineQuery(range),
    )
    if (row.count < COUNT_MIN) continue
    const ratio = row.failed / (row.ok + row.failed)
    return { ratio, count: row.count, fromMs: range.fromMs, toMs: range.toMs }
  }
  return { ratio: 0, count: 0, fromMs: detectMs - memoryMs, toMs: detectMs - 2 * windowMs }
}

export interface Patience {
  readonly byClass: ReadonlyMap<string, number>
  /** Over all classes; 0 when nothing is known. */
  readonly allMs: number
}

/**
 * Baseline p95 of latency by class: of ok requests, not by a fallback, that ended in
 * [tDetect − 1 h, tDetect − 2 × window of the tripping rule), else up to one window before. A class
 * with fewer than 20 has that of all classes together.
 */
export async function readPatience(options: BaselineOptions): Promise<Patience> {
  const { runner, route, detectMs, windowMs, hourMs } = options
  for (const windows of [2, 1]) {
    const range = { route, fromMs: detectMs - hourMs, toMs: detectMs - windows * windowMs }
    const rows = await runner.run<PatienceRow>(patienceQuery(range))
    const all = rows.find((row) => row.class === '')
    if (!all) continue
    const known = rows.filter((row) => row.class !== '' && row.count >= COUNT_MIN)
    return { byClass: new Map(known.map((row) => [row.class, row.p95Ms])), allMs: all.p95Ms }
  }
  return { byClass: new Map(), allMs: 0 }
}
