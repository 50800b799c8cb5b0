import type { RuleOf } from '../config/rules.ts'
import { createCusum } from './cusum.ts'
import type { KindState } from './kind.ts'
import { createPsi } from './psi.ts'

/** Says where a level or a mix changed; it annotates and never pages. */
export function createChange(rule: RuleOf<'change'>): KindState {
  return rule.method === 'psi' ? createPsi(rule) : createCusum(rule)
}
