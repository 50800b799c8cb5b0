import type { StateData } from '../model/desired.ts'
import type { Generation } from '../model/generation.ts'
import type { Move } from './counterfactual.ts'
import type { TransitionRow } from './journal-rows.ts'

/** A move off the primary, with the pair that routers were told. */
export interface RouteMove extends Move, Generation {
  /** Of the rule that moved it, when it says so. */
  readonly rule: string | undefined
  readonly windowMs: number | undefined
}

export interface MoveOptions {
  readonly transitions: readonly TransitionRow[]
  /** Moves of this incident: its own, and those of its route within [fromMs, toMs]. */
  readonly incident: string
  readonly fromMs: number
  readonly toMs: number
  /** Undefined when no policy names it: then no ramp step can be read. */
  readonly primary: string | undefined
}

/**
 * Moves by the stored transitions: one begins when the route comes to `engaging` (or straight to
 * `fallback`) while none is under way, and ends when it is `primary` again. What a mode only would
 * have done (`would_act`, `refused`) is no move.
 */
export function findMoves(options: MoveOptions): RouteMove[] {
  const { transitions, incident, fromMs, toMs, primary } = options
  const moves: RouteMove[] = []
  let open: RouteMove | undefined
  let shareBefore = 0
  for (const row of transitions) {
    if (row.kind === 'would_act' || row.kind === 'refused') continue
    const data = readData(row.data)
    if (open === undefined) {
      if (!MOVED.has(row.toState) || row.fromState === row.toState) continue
      open = toMove(row, data)
      shareBefore = 0
      continue
    }
    const share = primary === undefined ? undefined : primaryShareOf(data, primary)
    const isRising = share !== undefined && share > shareBefore
    const isBack = row.toState === 'primary'
    if (open.rampPassedMs === undefined && ((shareBefore >= 0.25 && isRising) || isBack)) {
      open = { ...open, rampPassedMs: row.atMs }
    }
    shareBefore = share ?? shareBefore
    if (!isBack) continue
    moves.push({ ...open, backMs: row.atMs })
    open = undefined
  }
  if (open) moves.push(open)
  const own = new Set(
    transitions
      .filter((row) => row.incident === incident)
      .map((row) => `${row.epoch}.${row.generation}`),
  )
  return moves.filter(
    (move) =>
      own.has(`${move.epoch}.${move.generation}`) ||
      (move.engagedMs >= fromMs && move.engagedMs <= toMs),
  )
}

const MOVED = new Set(['engaging', 'fallback'])

function toMove(row: TransitionRow, data: Partial<StateData> | undefined): RouteMove {
  const { rule, windowMs } = readEvidence(row)
  const windowS = data?.reason?.window_s
  const ownMs = typeof windowMs === 'number' ? windowMs : undefined
  return {
    engagedMs: row.atMs,
    epoch: row.epoch,
    generation: row.generation,
    rule: data?.reason?.rule ?? (typeof rule === 'string' ? rule : undefined),
    windowMs: typeof windowS === 'number' ? windowS * 1000 : ownMs,
  }
}

/** The document that routers were told, as far as it can be read. */
function readData(text: string): Partial<StateData> | undefined {
  return readJson(text) as Partial<StateData> | undefined
}

/** What `decide` knew; {} when it cannot be read. */
export function readEvidence(row: TransitionRow): Readonly<Record<string, unknown>> {
  return (readJson(row.evidence) ?? {}) as Readonly<Record<string, unknown>>
}

function readJson(text: string): unknown {
  if (text === '') return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

function primaryShareOf(data: Partial<StateData> | undefined, primary: string): number | undefined {
  if (!data?.desired) return undefined
  return data.desired.targets.find((one) => one.target === primary)?.weight ?? 0
}
