import {
  type AttemptStampRow,
  firstFailedQuery,
  type UnderGenerationRow,
  underGenerationQuery,
} from './attempt-stamps.ts'
import { buildChain, type Chain } from './chain.ts'
import type { Interval } from './interval.ts'
import { type DeliveryRow, deliveriesQuery, type TransitionRow } from './journal-rows.ts'
import { type RouteMove, readEvidence } from './moves.ts'
import type { QueryRunner } from './query.ts'

export interface ReadChainOptions {
  readonly runner: QueryRunner
  readonly route: string
  readonly interval: Interval
  readonly mitigatedMs: number | null
  readonly moves: readonly RouteMove[]
  readonly transitions: readonly TransitionRow[]
}

/** The chain of the incident's first move; without a move only t1, t2 and t9 can be known. */
export async function readChain(options: ReadChainOptions): Promise<Chain> {
  const { runner, route, interval, mitigatedMs, moves, transitions } = options
  const { t0Ms } = interval
  // Routers' clocks may be off: a minute more on either side costs nothing.
  const range = { route, fromMs: t0Ms, toMs: interval.t1Ms + 60_000 }
  const [firstFailed] = await runner.run<AttemptStampRow>(firstFailedQuery(range))
  const [move] = moves
  const facts = { move, firstFailed, transitions, t0Ms, mitigatedMs }
  if (!move) return buildChain({ ...facts, ruleTrueMs: undefined, deliveries: [], under: [] })
  const { epoch, generation } = move
  const told = { ...range, fromMs: move.engagedMs - 60_000, epoch, generation }
  return buildChain({
    ...facts,
    ruleTrueMs: ruleTrueMsOf(move, transitions),
    deliveries: await runner.run<DeliveryRow>(deliveriesQuery(told)),
    under: await runner.run<UnderGenerationRow>(underGenerationQuery(told)),
  })
}

/** t3 stands in the evidence of the transition that engaged. */
function ruleTrueMsOf(move: RouteMove, transitions: readonly TransitionRow[]): number | undefined {
  const row = transitions.find(
    (one) => one.atMs === move.engagedMs && one.generation === move.generation,
  )
  const at = row && readEvidence(row).ruleTrueUnixMs
  return typeof at === 'number' ? at : undefined
}
