import { SCENARIOS } from '../fleet/scenarios.ts'
import type { BenchOptions } from './bench-options.ts'
import { ruleFigures, scenarioFigures, totalFigures } from './detect-figures.ts'
import { loadPack } from './detect-pack.ts'
import { playScenario } from './detect-play.ts'
import { type ScenarioScore, scoreScenario } from './detect-score.ts'
import { round } from './statistics.ts'

export async function benchDetect({ only, emit, progress }: BenchOptions): Promise<void> {
  const pack = loadPack()
  const scores: ScenarioScore[] = []
  for (const scenario of SCENARIOS.filter(({ name }) => !only || only.includes(name))) {
    progress(scenario.name)
    const start = process.cpuUsage()
    const played = playScenario(scenario, pack)
    const { user, system } = process.cpuUsage(start)
    const score = scoreScenario(scenario, played, pack)
    scores.push(score)
    emit({
      ...scenarioFigures(score),
      observations: played.observationCount,
      cpu_s: round((user + system) / 1e6),
    })
  }
  for (const row of ruleFigures(scores, pack)) emit(row)
  emit({ ...totalFigures(scores, pack) })
}
