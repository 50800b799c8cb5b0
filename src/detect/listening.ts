import type { Remembered } from './memory.ts'
import type { RuleBook } from './rule-book.ts'

/**
 * For how long rules have listened that learn first (`novelty`), over restarts: an error of a service
 * that was quiet for all that time is new at once, though its group begins with it.
 */
export function createListening(book: Pick<RuleBook, 'runs'>): Remembered {
  const learning = () => book.runs().filter(({ rule }) => rule.kind === 'novelty')
  return {
    save: (nowMs) =>
      learning().map(({ rule, sinceMs }) => [JSON.stringify(rule), nowMs - sinceMs] as const),
    load(saved, nowMs) {
      const listenedMs = new Map(saved as readonly [string, number][])
      for (const run of learning()) {
        // An edited rule may look at lines that nobody heard.
        const known = listenedMs.get(JSON.stringify(run.rule)) ?? 0
        if (known > 0) run.sinceMs = Math.min(run.sinceMs, nowMs - known)
      }
    },
  }
}
