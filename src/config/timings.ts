/**
 * Every duration that is fixed by the public contract rather than by a file, in one table, in
 * milliseconds. `speed` divides them all, for rehearsals in fast motion (`serve --speed`).
 * Network deadlines and retry times are not here: the network does not run faster in a rehearsal.
 */
export interface Timings {
  /**
   * A source is silent when neither telemetry nor status came for so long. Routers report once a
   * second whatever the speed, so a rehearsal never goes below 2.5 s.
   */
  readonly sourceSilentMs: number
  /** A silent router whose traffic the others carry is `gone` after so long, and not waited for. */
  readonly routerGoneMs: number
  /** A router that sent an attempt span within this sends attempts of its own. */
  readonly attemptMemoryMs: number
  /** `suspect` for so long opens an incident. */
  readonly suspectOpensMs: number
  /** A move that not all routers observed is `partial` after so long, and pages. */
  readonly partialMs: number
  /** Least wait before a move without verified requests is `unverified`. */
  readonly unverifiedMs: number
  /** Length of the best-throughput window of safety rule S12 (κ). */
  readonly throughputWindowMs: number
  /** κ looks back so far. */
  readonly throughputMemoryMs: number
  /** After a start, accountable routers have so long to report before anything is moved (S10). */
  readonly settleMs: number
  /** A fail-back needs an ok primary attempt at most this old. */
  readonly primaryProofMs: number
  /** `rescue.max_rps` is recomputed at most this often. */
  readonly rescueShareMs: number
  /** Distinct failing primaries within this are counted by the fleet brake (S3). */
  readonly fleetBrakeMs: number
  /** Rate limits such as `max_failovers_per_hour` look back so far. */
  readonly hourMs: number
  /** Request outcomes are binned by this for live impact and t9. */
  readonly impactBinMs: number
  /** A page that nobody could deliver for so long becomes part of one digest. */
  readonly stalePageMs: number
  /** Impairment figures pool a trickle of attempts over this (DEFINITIONS: bad bin). */
  readonly tricklePoolMs: number
}

export function createTimings(speed = 1): Timings {
  const scaled = (ms: number) => Math.round(ms / speed)
  return {
    sourceSilentMs: Math.max(scaled(10_000), 2_500),
    routerGoneMs: scaled(30_000),
    attemptMemoryMs: scaled(600_000),
    suspectOpensMs: scaled(30_000),
    partialMs: scaled(10_000),
    unverifiedMs: scaled(15_000),
    throughputWindowMs: scaled(60_000),
    throughputMemoryMs: scaled(7 * 86_400_000),
    settleMs: scaled(5_000),
    primaryProofMs: scaled(10_000),
    rescueShareMs: scaled(60_000),
    fleetBrakeMs: scaled(60_000),
    hourMs: scaled(3_600_000),
    impactBinMs: 1_000,
    stalePageMs: scaled(900_000),
    tricklePoolMs: scaled(30_000),
  }
}
