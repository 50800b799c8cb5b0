import type { Observation } from '../model/observation.ts'
import type { Render } from './scenario-fleet.ts'
import { SeenStage } from './scenario-seen.ts'

/** Stages of a render with their share of its time. */
const STAGES = [
  { stage: 'encode', share: 0.1 },
  { stage: 'generate', share: 0.65 },
  { stage: 'upscale', share: 0.15 },
  { stage: 'upload', share: 0.1 },
] as const

/**
 * The worker's spans of one render. After the stage that fails, no further ones come.
 */
export function stagesOf({ tried, worker, failure }: Render, hasStages: boolean): Observation[] {
  const { startUnixMs } = tried
  const lengthMs = tried.endUnixMs - startUnixMs
  const failing = failure && (failure.stage ?? 'generate')
  const spans: Observation[] = []
  let fromMs = startUnixMs
  for (let index = 0; index < STAGES.length; index++) {
    const { stage, share } = STAGES[index] as (typeof STAGES)[number]
    const isFailing = stage === failing
    const untilMs = isFailing ? tried.endUnixMs : fromMs + lengthMs * share
    if (hasStages || stage === 'generate' || isFailing)
      spans.push(
        new SeenStage({
          tried,
          worker,
          stage,
          index,
          startUnixMs: fromMs,
          endUnixMs: untilMs,
          failure: isFailing ? failure : undefined,
        }),
      )
    if (isFailing) break
    fromMs = untilMs
  }
  return spans
}
