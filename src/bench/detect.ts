import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Scenario } from '../fleet/scenario.ts'
import { SCENARIOS } from '../fleet/scenarios.ts'
import type { BenchOptions } from './bench-options.ts'
import { ruleFigures, scenarioFigures, totalFigures } from './detect-figures.ts'
import { floorsOf } from './detect-floors.ts'
import { loadPack } from './detect-pack.ts'
import { type Pack, playScenario } from './detect-play.ts'
import { type ScenarioScore, scoreScenario } from './detect-score.ts'
import { renderTable } from './detect-table.ts'
import { measureThroughput } from './detect-throughput.ts'
import { round } from './statistics.ts'

const THROUGHPUT = 'throughput'

/**
 * The fault benchmark: every scenario through the real detector with the shipped pack, scored per
 * scenario, per rule and as a whole; then how fast the detector is. `only` picks scenarios by name,
 * or `throughput`.
 */
export async function benchDetect(options: BenchOptions): Promise<void> {
  const { only, emit, progress, runCount, isTable } = options
  const pack = loadPack()
  const isWanted = (name: string) => !only || only.includes(name)
  const scenarios = SCENARIOS.filter(({ name }) => isWanted(name))
  const scores: ScenarioScore[] = []
  for (const scenario of scenarios) {
    progress(`${scenario.name} (${scores.length + 1} of ${scenarios.length})`)
    const { score, figures } = benchScenario(scenario, pack)
    emit(figures)
    scores.push(score)
    // Between scenarios a signal is heard.
    await nextTurn()
  }
  if (scores.length > 0) {
    const rows = ruleFigures(scores, pack)
    for (const row of rows) emit(row)
    const total = totalFigures(scores, pack)
    emit({ total: 'all scenarios', ...total, floors: floorsOf(total) })
    if (isTable) progress(renderTable(rows, scores))
  }
  if (!isWanted(THROUGHPUT)) return
  progress('throughput')
  for (const figures of measureThroughput(pack, runCount)) emit(figures)
}

/** Plays and scores one scenario, with what that cost. */
export function benchScenario(
  scenario: Scenario,
  pack: Pack,
): { readonly score: ScenarioScore; readonly figures: Readonly<Record<string, unknown>> } {
  const before = process.cpuUsage()
  const played = playScenario(scenario, pack)
  const { user, system } = process.cpuUsage(before)
  const score = scoreScenario(scenario, played, pack)
  const cost = { observations: played.observationCount, cpu_s: round((user + system) / 1e6) }
  return { score, figures: { ...scenarioFigures(score), ...cost } }
}
