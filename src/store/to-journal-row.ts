import type { Transition } from '../model/route.ts'
import type { Verdict } from '../model/verdict.ts'

// What stages tell each other, as rows of the journal's tables.

export function toTransitionRow({
  view,
  data,
  ...step
}: Transition): Readonly<Record<string, unknown>> {
  return {
    At: step.atUnixMs,
    Route: step.route,
    Kind: step.kind,
    FromState: step.from,
    ToState: step.to,
    Epoch: view.epoch,
    Generation: view.generation,
    Version: data?.version ?? 0,
    Text: step.text,
    Incident: view.incident ?? '',
    Evidence: JSON.stringify(step.evidence),
    Data: data ? JSON.stringify(data) : '',
  }
}

export function toEvaluationRow(verdict: Verdict): Readonly<Record<string, unknown>> {
  return {
    At: verdict.atUnixMs,
    Rule: verdict.rule,
    By: verdict.by,
    State: verdict.state,
    Value: typeof verdict.value === 'number' ? verdict.value : null,
    Threshold: verdict.threshold,
    Count: verdict.count,
    Watermark: Number.isFinite(verdict.watermarkUnixMs)
      ? verdict.watermarkUnixMs
      : verdict.atUnixMs,
    Reason: verdict.refused?.reason ?? verdict.reason ?? '',
    Severity: verdict.severity,
    Refused: verdict.refused?.why ?? '',
  }
}
