import type { Verdict } from '../model/verdict.ts'

/** Something that a person must know of, noticed by a stage rather than by a rule. */
export interface Problem {
  /** Stable name, in the place of a rule's id: `delivery`. */
  readonly name: string
  readonly text: string
  readonly route?: string
  readonly evidence: Readonly<Record<string, unknown>>
}

/**
 * A problem is an event, not a condition: it is told as a critical rule that fires and is well
 * again in the same instant, so that it pages like one, and closes by itself when it stays quiet.
 */
export function toVerdicts(problem: Problem, nowMs: number): readonly [Verdict, Verdict] {
  const { name, text, route } = problem
  const facts = {
    ...{ rule: name, kind: 'problem', severity: 'critical' as const, title: text },
    by: route === undefined ? {} : { route },
    labels: { class: name },
    ...{ sinceUnixMs: nowMs, atUnixMs: nowMs, judgedUnixMs: nowMs, watermarkUnixMs: nowMs },
    ...{ threshold: null, count: 1, windowMs: 0, witnesses: [], value: null, reason: text },
  }
  return [
    { ...facts, state: 'firing', effect: 'firing' },
    { ...facts, state: 'ok', effect: 'ok' },
  ]
}
