/** What every benchmark is given from the command line. */
export interface BenchOptions {
  /** How long to measure, after the warm-up. */
  readonly seconds: number
  /** Senders that each wait for an answer before the next request. */
  readonly connections: number
  /** Progress, for people. */
  progress(text: string): void
}
