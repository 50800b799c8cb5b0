import type { Figure } from '../model/report.ts'

export interface FigureFacts {
  readonly value: number | null | undefined
  readonly unit: Figure['unit']
  readonly definition: string
  readonly n: number
  readonly query: string
  readonly low?: number | undefined
  readonly high?: number | undefined
  /** Why the value is null; a null value without one is a bug of ours and says so. */
  readonly reason?: string | undefined
  readonly label?: string | undefined
}

/**
 * A figure of the report. Numbers are rounded to nine significant digits: sums of weights come back
 * from the database in varying order, and the same data must give the same bytes.
 */
export function toFigure(facts: FigureFacts): Figure {
  const value = round(facts.value)
  const reason = value === null ? (facts.reason ?? 'not computable') : undefined
  const low = round(facts.low)
  const high = round(facts.high)
  return {
    value,
    unit: facts.unit,
    definition: facts.definition,
    n: round(facts.n) ?? 0,
    ...(low !== null && { low }),
    ...(high !== null && { high }),
    query: facts.query,
    ...(reason !== undefined && { reason }),
    ...(facts.label !== undefined && { label: facts.label }),
  }
}

export function round(value: number | null | undefined): number | null {
  if (value === null || value === undefined || !Number.isFinite(value)) return null
  return Number(value.toPrecision(9))
}

/** a / b, null when b is 0. */
export function ratioOf(part: number, whole: number): number | null {
  return whole > 0 ? part / whole : null
}

/** Milliseconds between two moments in seconds, null when either is unknown. */
export function secondsBetween(
  fromMs: number | null | undefined,
  toMs: number | null | undefined,
): number | null {
  if (typeof fromMs !== 'number' || typeof toMs !== 'number') return null
  return (toMs - fromMs) / 1000
}
