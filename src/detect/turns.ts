export interface Turns {
  /** Runs it, and then what came up meanwhile. */
  run(judging: () => void): void
  /** At once, or when the judging that is going on is done. */
  after(change: () => void): void
}

/**
 * One judging at a time: what a verdict brings about waits until all verdicts of the batch are told,
 * so that a replay, which has the batch and what came of it one after the other, finds the same.
 */
export function createTurns(): Turns {
  const waiting: (() => void)[] = []
  let depth = 0
  return {
    run(judging) {
      depth++
      try {
        judging()
      } finally {
        depth--
      }
      if (depth > 0) return
      for (let next = waiting.shift(); next; next = waiting.shift()) next()
    },
    after(change) {
      if (depth > 0) waiting.push(change)
      else change()
    },
  }
}
