import type { Rule } from '../config/rules.ts'
import type { Item } from './kind.ts'

/**
 * `rejected` and `cancelled` count in no failure ratio, unless the rule itself asks for outcomes
 * there: a `where` on outcome chose its population, a `bad` on outcome counts what it names.
 */
export function createOutside({ on, where }: Pick<Rule, 'on' | 'where'>): (item: Item) => boolean {
  const hasOutcomes = on === 'attempts' || on === 'requests'
  if (!hasOutcomes || Object.hasOwn(where, 'outcome')) return () => false
  return ({ read }) => {
    const outcome = read('outcome')
    return outcome === 'rejected' || outcome === 'cancelled'
  }
}
