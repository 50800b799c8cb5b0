import type { PrimaryTry } from './ledger-view.ts'

/**
 * The moment at which a ratio rule becomes true by arithmetic: the end of the attempt that lifts
 * the failed share of the window (t − windowMs, t] above the limit, with enough attempts in it.
 * Undefined when that never happens.
 */
export function findTriggerMs(options: {
  readonly tries: readonly PrimaryTry[]
  readonly windowMs: number
  /** Strict. */
  readonly above: number
  readonly countMin: number
}): number | undefined {
  const { windowMs, above, countMin } = options
  const ended = [...options.tries].sort((a, b) => a.endMs - b.endMs)
  let oldest = 0
  let failed = 0
  for (const [newest, { endMs, isFailed }] of ended.entries()) {
    if (isFailed) failed += 1
    for (
      let first = ended[oldest];
      first && first.endMs <= endMs - windowMs;
      first = ended[oldest]
    ) {
      if (first.isFailed) failed -= 1
      oldest += 1
    }
    const count = newest - oldest + 1
    if (count >= countMin && failed / count > above) return endMs
  }
  return undefined
}
