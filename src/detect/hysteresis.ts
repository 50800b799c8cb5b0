import type { Refusal, RuleState } from '../model/verdict.ts'
import type { Reading } from './kind.ts'

export type Effect = 'firing' | 'ok'

export interface HysteresisOptions {
  /** How long each condition must hold (event time). */
  readonly tripForMs: number
  readonly clearForMs: number
  readonly effect: Effect
}

export interface Step {
  readonly reading: Reading
  readonly eventUnixMs: number
  readonly watermarkUnixMs: number
  /** Whether the clear condition holds on the clear window that ends there. */
  clears(endUnixMs: number): boolean
}

/**
 * Trip and clear apart, each with its hold. Tripping follows what arrives; clearing waits for the
 * watermark, and for it to pass the moment of the trip, or a short clear window would still show the
 * good time before. A rule whose clear condition holds does not trip either: else one that clears on
 * a short window would trip again at once on what its long window still remembers.
 */
export interface Hysteresis {
  step(step: Step): RuleState
  /** Holds start anew; the effect stays. */
  restart(): void
  readonly effect: Effect
  readonly isPending: boolean
  /** Why the last step that met a condition did not follow it. */
  readonly refused: Refusal | undefined
  /** Event time of the last trip; -Infinity before the first. */
  readonly firedUnixMs: number
  save(): SavedHysteresis
  load(saved: SavedHysteresis): void
}

export interface SavedHysteresis {
  readonly effect: Effect
  readonly firedUnixMs: number
  readonly pendingUnixMs: number | undefined
  readonly clearingUnixMs: number | undefined
}

export function createHysteresis(options: HysteresisOptions): Hysteresis {
  let effect = options.effect
  let firedUnixMs = Number.NEGATIVE_INFINITY
  let pendingUnixMs: number | undefined
  let clearingUnixMs: number | undefined
  let refused: Refusal | undefined

  const whileOk = ({ reading, eventUnixMs, clears }: Step): RuleState => {
    const isTripping = reading.outcome === 'trips'
    if (!isTripping || clears(eventUnixMs)) {
      pendingUnixMs = undefined
      if (isTripping) refused = 'recovered'
      return restState(reading)
    }
    pendingUnixMs ??= eventUnixMs
    if (eventUnixMs - pendingUnixMs < options.tripForMs) {
      refused = 'holding'
      return 'pending'
    }
    pendingUnixMs = undefined
    effect = 'firing'
    firedUnixMs = eventUnixMs
    return 'firing'
  }

  const whileFiring = ({ reading, watermarkUnixMs, clears }: Step): RuleState => {
    if (watermarkUnixMs < firedUnixMs || !clears(watermarkUnixMs)) {
      clearingUnixMs = undefined
      return restState(reading, 'firing')
    }
    clearingUnixMs ??= watermarkUnixMs
    if (watermarkUnixMs - clearingUnixMs < options.clearForMs) {
      refused = 'holding'
      return 'firing'
    }
    clearingUnixMs = undefined
    effect = 'ok'
    return restState(reading)
  }

  return {
    step(step) {
      refused = undefined
      return effect === 'firing' ? whileFiring(step) : whileOk(step)
    },
    restart() {
      pendingUnixMs = undefined
      clearingUnixMs = undefined
    },
    get effect() {
      return effect
    },
    get isPending() {
      return pendingUnixMs !== undefined
    },
    get refused() {
      return refused
    },
    get firedUnixMs() {
      return firedUnixMs
    },
    save: () => ({ effect, firedUnixMs, pendingUnixMs, clearingUnixMs }),
    load(saved) {
      effect = saved.effect
      firedUnixMs = saved.firedUnixMs
      pendingUnixMs = saved.pendingUnixMs
      clearingUnixMs = saved.clearingUnixMs
    },
  }
}

function restState({ outcome }: Reading, otherwise: RuleState = 'ok'): RuleState {
  if (outcome === 'few') return 'insufficient'
  return outcome === 'open' ? 'unknown' : otherwise
}
