import type { RuleOf } from '../config/rules.ts'
import type { Instant, KindState, Reading } from './kind.ts'

/**
 * Fires when all (or any) of other rules fire for the same scope, or did within `within`. It has no
 * windows of its own: a named rule that is unknown leaves the answer open where it could change it.
 */
export function createComposite(rule: RuleOf<'all_of'> | RuleOf<'any_of'>): KindState {
  const needed = rule.kind === 'all_of' ? rule.rules.length : 1
  const read = (at: Instant): Reading => {
    const looks = rule.rules.map((id) => ({ id, ...at.look(id) }))
    const firing = looks.filter(({ lastFiringUnixMs }) => {
      return lastFiringUnixMs > at.endUnixMs - rule.withinMs
    })
    const open = looks.filter((one) => one.unknownReason !== undefined && !firing.includes(one))
    const facts = { value: firing.length, threshold: needed, count: firing.length }
    if (firing.length >= needed)
      return { ...facts, outcome: 'trips', reason: firing.map(({ id }) => id).join(' and ') }
    if (firing.length + open.length < needed) return { ...facts, outcome: 'calm' }
    const reason = open.map(({ id, unknownReason }) => `${id}: ${unknownReason}`).join(', ')
    return { ...facts, outcome: 'open', reason }
  }
  return {
    add: () => undefined,
    judge: read,
    clears: (at) => read(at).outcome === 'calm',
    restart() {},
    save: () => null,
    load: () => true,
  }
}
