import type { FieldValue, ObservationUnit } from '../model/observation.ts'

export interface FixtureItem {
  readonly unit: ObservationUnit
  readonly atUnixMs: number
  readonly fields: Readonly<Record<string, FieldValue>>
}

/** A line of `input:` of a rule test. */
export type FixtureInput = Readonly<Record<string, unknown>>

/** A file that people can still read. */
const INPUTS_MAX = 2_000

interface Run {
  readonly unit: ObservationUnit
  readonly fields: Readonly<Record<string, FieldValue>>
  readonly bucket: number
  buckets: number
  /** In each of its buckets. */
  readonly count: number
}

/**
 * Items that are alike and fall into one bucket become one line; the same number of them in the next
 * bucket makes it longer.
 */
export function toInputs(
  items: readonly FixtureItem[],
  { startUnixMs, bucketMs }: { readonly startUnixMs: number; readonly bucketMs: number },
): { readonly inputs: readonly FixtureInput[]; readonly isShortened: boolean } {
  const counts = new Map<string, Run>()
  for (const { unit, fields, atUnixMs } of items) {
    const bucket = Math.floor((atUnixMs - startUnixMs) / bucketMs)
    const key = JSON.stringify([bucket, unit, Object.entries(fields).sort()])
    const known = counts.get(key)
    counts.set(key, { unit, fields, bucket, buckets: 1, count: (known?.count ?? 0) + 1 })
  }
  const runs = joined([...counts.values()].sort((a, b) => a.bucket - b.bucket))
  const inputs = runs.slice(0, INPUTS_MAX).map((run) => toInput(run, bucketMs))
  return { inputs, isShortened: runs.length > INPUTS_MAX }
}

function joined(sorted: readonly Run[]): readonly Run[] {
  const runs: Run[] = []
  const last = new Map<string, Run>()
  for (const one of sorted) {
    const key = JSON.stringify([one.unit, one.count, Object.entries(one.fields).sort()])
    const before = last.get(key)
    if (before && before.bucket + before.buckets === one.bucket) before.buckets++
    else {
      runs.push(one)
      last.set(key, one)
    }
  }
  return runs
}

/** Evenly within each bucket, the first half a step in: no item falls on an edge. */
function toInput({ unit, fields, bucket, buckets, count }: Run, bucketMs: number): FixtureInput {
  const everyMs = bucketMs / count
  const fromMs = bucket * bucketMs + everyMs / 2
  const item = { [unit]: fields }
  if (buckets * count === 1) return { at: ms(fromMs), ...item }
  return { at: ms(fromMs), every: ms(everyMs), until: ms((bucket + buckets) * bucketMs), ...item }
}

const ms = (value: number) => `${Math.round(value * 1_000) / 1_000}ms`
