import type { CompiledRule } from './map-rule.ts'
import type { MapGate, Mappable } from './mapped.ts'

// Most items are nobody's: whether a rule could fit one is known from its service and its name, and
// those are few.

/** Services and names whose answers are remembered, of all signals together. */
const KNOWN_MAX = 10_000

export function createGates(
  rulesFor: (signal: Mappable['signal']) => readonly CompiledRule[],
): (signal: Mappable['signal'], service: string) => MapGate | undefined {
  let known = createKnown()
  const createGate = (rules: readonly CompiledRule[], service: string): MapGate => {
    const answers = new Map<string, boolean>()
    return (name) => {
      const answer = answers.get(name)
      if (answer !== undefined) return answer
      const fresh = rules.some((rule) => rule.mayFit(service, name))
      if (answers.size < KNOWN_MAX) answers.set(name, fresh)
      known.count++
      return fresh
    }
  }
  return (signal, service) => {
    const rules = rulesFor(signal)
    if (rules.length === 0) return undefined
    if (known.count > KNOWN_MAX) known = createKnown()
    const gates = known[signal]
    const gate = gates.get(service)
    if (gate !== undefined) return gate ?? undefined
    const fitting = rules.filter((rule) => rule.mayFitService(service))
    const fresh = fitting.length === 0 ? null : createGate(fitting, service)
    gates.set(service, fresh)
    known.count++
    return fresh ?? undefined
  }
}

/** By service; null where no rule fits it. */
type Gates = Map<string, MapGate | null>

function createKnown() {
  return { span: new Map() as Gates, log: new Map() as Gates, metric: new Map() as Gates, count: 0 }
}
