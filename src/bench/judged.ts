// How long the detector of a server takes with batches, read from its own metrics.

export interface Judged {
  /** By the clock. */
  readonly seconds: number
  readonly batchCount: number
  /** How many batches took no longer than so many seconds, the shortest first. */
  readonly within: readonly (readonly [seconds: number, count: number])[]
}

const NAME = 'signalbox_detect_judge_seconds'
const SUM = new RegExp(`^${NAME}_sum ([^\\s]+)$`, 'm')
const COUNT = new RegExp(`^${NAME}_count (\\d+)$`, 'm')
const BUCKET = new RegExp(`^${NAME}_bucket\\{le="([\\d.]+)"\\} (\\d+)$`, 'gm')

/** @param httpUrl of the console */
export async function readJudged(httpUrl: string): Promise<Judged> {
  const answer = await fetch(new URL('/metrics', httpUrl))
  return parseJudged(await answer.text())
}

/** @param text Prometheus text */
export function parseJudged(text: string): Judged {
  return {
    seconds: Number(SUM.exec(text)?.[1] ?? 0),
    batchCount: Number(COUNT.exec(text)?.[1] ?? 0),
    within: [...text.matchAll(BUCKET)].map(([, le, count]) => [Number(le), Number(count)]),
  }
}

/**
 * The shortest time that the histogram knows within which the share q of batches was judged, in ms.
 * Infinity when it knows none so long, NaN when nothing was judged.
 */
export function judgedWithinMs(before: Judged, after: Judged, q: number): number {
  const total = after.batchCount - before.batchCount
  const countBefore = new Map(before.within)
  const found = after.within.find(([le, count]) => count - (countBefore.get(le) ?? 0) >= q * total)
  if (total === 0) return Number.NaN
  return found ? found[0] * 1_000 : Number.POSITIVE_INFINITY
}
