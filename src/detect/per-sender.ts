import type { Rule } from '../config/rules.ts'
import { VARYING_KEYS } from '../model/observation.ts'

/** What names a sender, and is the same for all that it sends. */
const SENDER_KEYS = new Set(['router', 'worker', 'autoscaler'])

/** Whether a rule only asks who sends. */
export function isPerSender(rule: Rule): boolean {
  if (rule.kind !== 'silence' || typeof rule.expect !== 'string') return false
  if (Object.keys(rule.where).some((key) => VARYING_KEYS.has(key))) return false
  // Workers name their target on the resource; what routers name changes with every item.
  const isSender = (key: string) =>
    SENDER_KEYS.has(key) || (key === 'target' && rule.expect === 'workers')
  return rule.by.every(isSender)
}
