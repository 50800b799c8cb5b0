import type { RuleState } from '../model/verdict.ts'
import type { Deaf } from './group-sources.ts'
import type { SavedHysteresis } from './hysteresis.ts'

/** When a saved state is taken up again. */
export interface Restored {
  readonly nowMs: number
  /** From the moment it was saved until now nobody listened. */
  readonly deaf: Deaf
}

export interface SavedGroup {
  readonly kind: unknown
  readonly sources: unknown
  readonly hysteresis: SavedHysteresis
  readonly state: RuleState | undefined
  readonly sinceUnixMs: number
  readonly restartedUnixMs: number
  readonly watermarkUnixMs: number
  readonly newestUnixMs: number
  /** For who looks at it; absent in older files. */
  readonly lastFiringUnixMs?: number
  readonly heardAgoMs: number
  readonly lastSource: string
}
