import type { RuleOf } from '../config/rules.ts'
import type { Instant, KindState, Reading } from './kind.ts'

/**
 * Fires when all (or any) of other rules fire for the same scope, or did within `within`. It has no
 * windows of its own: a named rule that is unknown leaves the answer open where it could change it.
 *
 * It clears by the answer that it gave last, and not as of the watermark, which is the clock's here: what is
 * past for the clock is not yet past for events, which are seen late, and it would fire anew at once.
 */
export function createComposite(rule: RuleOf<'all_of'> | RuleOf<'any_of'>): KindState {
  const needed = rule.kind === 'all_of' ? rule.rules.length : 1
  const read = (at: Instant): Reading => {
    const looks = rule.rules.map((id) => ({ id, ...at.look(id) }))
    // Since clocks step back, also not from a time to come.
    const isNear = (unixMs: number) => Math.abs(at.endUnixMs - unixMs) < rule.withinMs
    const firing = looks.filter((one) => one.isFiring || isNear(one.lastFiringUnixMs))
    const open = looks.filter((one) => one.unknownReason !== undefined && !firing.includes(one))
    const facts = { value: firing.length, threshold: needed, count: firing.length }
    if (firing.length >= needed)
      return { ...facts, outcome: 'trips', reason: firing.map(({ id }) => id).join(' and ') }
    if (firing.length + open.length < needed) return { ...facts, outcome: 'calm' }
    const reason = open.map(({ id, unknownReason }) => `${id}: ${unknownReason}`).join(', ')
    return { ...facts, outcome: 'open', reason }
  }
  let last: Reading | undefined
  return {
    add: () => undefined,
    judge(at) {
      last = read(at)
      return last
    },
    clears: () => last?.outcome === 'calm',
    restart() {},
    save: () => null,
    load: () => true,
  }
}
