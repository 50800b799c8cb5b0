import type { KindState, Reading } from './kind.ts'
import type { Slack } from './slack.ts'

const NONE: Slack = { weight: 0, untilUnixMs: Number.NEGATIVE_INFINITY }

/**
 * What a group at rest took since it was judged, beside what it may take before it can say something
 * else (`Slack`): most batches turn nothing, and then nobody needs to find that out.
 */
export class Rest {
  #slack = NONE
  #isOfAll = false
  #taken = 0
  /** Anything. */
  hasTaken = false

  /** It was judged: at rest by this reading, or not at all. */
  begin(kind: KindState, reading: Reading | undefined, endUnixMs: number): void {
    const outcome = reading?.outcome
    const isKnown = outcome === 'calm' || outcome === 'few'
    this.#slack = (isKnown && kind.slack?.(endUnixMs, outcome)) || NONE
    this.#isOfAll = (this.#slack.of ?? (outcome === 'few' ? 'all' : 'speaking')) === 'all'
    this.#taken = 0
    this.hasTaken = false
  }

  take(weight: number, isSpeaking: boolean): void {
    this.hasTaken = true
    if (isSpeaking || this.#isOfAll) this.#taken += weight
  }

  /** Whether a window that ends there may be answered otherwise. */
  isOver(endUnixMs: number): boolean {
    const { weight, untilUnixMs } = this.#slack
    return !(this.#taken < weight && endUnixMs < untilUnixMs)
  }

  end(): void {
    this.#slack = NONE
  }
}
