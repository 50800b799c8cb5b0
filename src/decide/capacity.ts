// Safety rules S2 (does the fallback carry what is moved?) and S12 (does the primary carry the next
// step back?). Pure arithmetic on requests per second, so that the worked numbers are tests.

/** Of a fallback's capacity, so much may be planned with. */
const HEADROOM = 0.85
/** The primary must be able to carry so many times the next step. */
const MARGIN = 1.2
/** Less than this part is not worth a move. */
const PART_MIN = 0.01

export interface ShiftInput {
  /** Undefined: unbounded. */
  readonly capacityRps: number | undefined
  /** What the target serves already, over all routes that stay as they are. */
  readonly currentRps: number
  /** What would move there now, over all routes that want to move together. */
  readonly shiftedRps: number
}

/** S2: which part (0..1] of the shift fits; 0 when nothing worth moving does. */
export function partThatFits({ capacityRps, currentRps, shiftedRps }: ShiftInput): number {
  if (capacityRps === undefined || shiftedRps <= 0) return 1
  const part = (capacityRps * HEADROOM - currentRps) / shiftedRps
  if (part >= 1) return 1
  return part < PART_MIN ? 0 : part
}

export interface CarryInput {
  /** Share of the route that the step would send to the primary, 0..1. */
  readonly share: number
  readonly offeredRps: number
  /** What other routes send to the same primary. */
  readonly otherRps: number
  readonly readyWorkers: number | undefined
  /** κ: best ok attempts per second and ready worker over a full window; undefined without one. */
  readonly bestPerWorkerRps: number | undefined
}

export interface CarryResult {
  /** `no_data`: nothing is known of workers or throughput; the doubling hold is the only guard. */
  readonly status: 'carries' | 'short' | 'no_data'
  readonly capacityRps: number | null
  readonly neededRps: number
}

/** S12: ready × κ ≥ 1.2 × (step × offered + what others send there). */
export function judgeCarry(input: CarryInput): CarryResult {
  const neededRps = MARGIN * (input.share * input.offeredRps + input.otherRps)
  const { readyWorkers, bestPerWorkerRps } = input
  if (readyWorkers === undefined || bestPerWorkerRps === undefined) {
    return { status: 'no_data', capacityRps: null, neededRps }
  }
  const capacityRps = readyWorkers * bestPerWorkerRps
  return { status: capacityRps >= neededRps ? 'carries' : 'short', capacityRps, neededRps }
}
