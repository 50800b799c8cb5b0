/** What every benchmark is given from the command line. */
export interface BenchOptions {
  /** How long to measure, after the warm-up. */
  readonly seconds: number
  /** Senders that each wait for an answer before the next request; each benchmark has a default. */
  readonly connections?: number
  /** Spans offered per second, as far as the connections allow; without it, as fast as answered. */
  readonly spansPerS?: number
  /** How often each figure is measured; the median counts. */
  readonly runCount: number
  /** Names of the variants to run; without it, all. */
  readonly only?: readonly string[]
  /** Also a table for people, where a benchmark has one. */
  readonly isTable?: boolean
  /** Progress, for people. */
  progress(text: string): void
  /** One line of output. */
  emit(figures: Readonly<Record<string, unknown>>): void
}
