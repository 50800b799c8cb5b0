import type { RuleOf } from '../config/rules.ts'
import { calmOrOpen, type KindState } from './kind.ts'
import { createNoveltyBook } from './novelty-book.ts'
import type { Fresh, FreshSum } from './novelty-fresh.ts'

/** Nothing is new to a rule that has not listened yet: so long … */
const WARM_UP_MS = 86_400_000
/** … or for so many lines, whichever comes first: kinds that are not among these are fewer than 3 in
 * 10,000 lines (rule of three, 95 %). */
const WARM_UP_LINES = 10_000
const TEXT_SHOWN_MAX = 160

export interface NoveltyOptions {
  /** Since when the rule listens, on the never-stepping clock. */
  readonly sinceMs: number
}

/**
 * Fires when a window holds so many lines of a log template that was not seen for `unseenForMs`
 * before. A template stays new for STRETCH_MAX windows after its first line, so that one early line
 * does not hide the storm that follows; then it is known, and the rule clears.
 *
 * The value is that of the newest template that trips, else of the newest. What is remembered has
 * the bounds of novelty-book.ts, per group.
 */
export function createNovelty(rule: RuleOf<'novelty'>, options: NoveltyOptions): KindState {
  const { windowMs, trip, clear } = rule
  const news = createNoveltyBook(rule)
  let { sinceMs } = options
  let lineCount = 0
  const isWarm = (heardMs: number) => lineCount >= WARM_UP_LINES || heardMs - sinceMs >= WARM_UP_MS

  return {
    add(item) {
      const template = item.template()
      if (!template) return undefined
      if (isWarm(item.heardMs)) return news.take(template, item)
      lineCount += item.count
      news.learn(template, item)
      return false
    },
    judge(at) {
      const threshold = trip.atLeast
      if (!isWarm(at.heardMs)) {
        const reason = 'still learning which log templates there are'
        return { outcome: 'few', value: null, threshold, count: lineCount, reason }
      }
      const levels = levelsOf(news.fresh(at.endUnixMs), { endMs: at.endUnixMs, windowMs })
      const tripping = levels.find(
        ({ one, total }) => total >= threshold && one.hasDistinct(at.endUnixMs, windowMs),
      )
      const { total, samples } = tripping ?? levels[0] ?? { total: 0, samples: 0 }
      const facts = { value: total, threshold, count: samples }
      if (!tripping) return { ...facts, outcome: calmOrOpen(at.missing(windowMs)) }
      return { ...facts, outcome: 'trips', reason: reasonOf(tripping.one) }
    },
    clears(at) {
      if (at.missing(clear.windowMs) > 0) return false
      const window = { endMs: at.endUnixMs, windowMs: clear.windowMs }
      return levelsOf(news.fresh(at.endUnixMs), window).every(({ total }) => total < clear.below)
    },
    restart: () => news.restart(),
    save: (nowMs) => ({ listenedMs: nowMs - sinceMs, lineCount, news: news.save() }),
    load(saved, nowMs) {
      const { listenedMs, lineCount: lines, news: book } = (saved ?? {}) as Partial<Saved>
      if (!isAmount(listenedMs) || !isAmount(lines) || !news.load(book)) return false
      sinceMs = nowMs - listenedMs
      lineCount = lines
      return true
    },
  }
}

interface Saved {
  readonly listenedMs: unknown
  readonly lineCount: unknown
  readonly news: unknown
}

function isAmount(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value) && value >= 0
}

interface Level extends FreshSum {
  readonly one: Fresh
}

/** Newest template first. */
function levelsOf(
  fresh: readonly Fresh[],
  window: { readonly endMs: number; readonly windowMs: number },
): readonly Level[] {
  const newestFirst = [...fresh].sort((a, b) => b.firstUnixMs - a.firstUnixMs)
  return newestFirst.map((one) => ({ one, ...one.sum(window.endMs, window.windowMs) }))
}

/** Masked by nature, and bounded. */
function reasonOf({ id, text }: Fresh): string {
  if (text.length <= TEXT_SHOWN_MAX) return `new log template ${id}: ${text}`
  // Never half of a character.
  const shown = text.slice(0, TEXT_SHOWN_MAX).replace(/[\ud800-\udbff]$/, '')
  return `new log template ${id}: ${shown}…`
}
