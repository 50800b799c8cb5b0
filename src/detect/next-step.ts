import type { Rule } from '../config/rules.ts'
import { formatDurationMs } from '../lib/duration.ts'
import type { Effect } from './hysteresis.ts'
import type { Judgement } from './judgement.ts'
import { clearWords, tripWords } from './rule-words.ts'

export interface NextQuery {
  readonly rule: Rule
  readonly judgement: Judgement | undefined
  readonly effect: Effect
}

/** What would have to happen for the verdict to change, in plain words built from the rule. */
export function nextOf({ rule, judgement, effect }: NextQuery): string {
  if (effect === 'firing') return clearsNext(rule, judgement)
  const fires = `fires ${tripWords(rule)}`
  if (judgement?.state === 'unknown')
    return `${fires}, whatever is missing; ok again when that comes, or others carry 95 % of it`
  if (judgement?.state !== 'pending') return fires
  const heldMs = judgement.atUnixMs - judgement.sinceUnixMs
  const leftMs = Math.max(0, Math.ceil((rule.trip.forMs - heldMs) / 100) * 100)
  return `fires in ${formatDurationMs(leftMs)} if it goes on`
}

function clearsNext(rule: Rule, judgement: Judgement | undefined): string {
  const clears = `clears ${clearWords(rule)}`
  if (!judgement || judgement.state === 'unknown')
    return `${clears}, once what is missing cannot change that`
  // By arrival there is nothing to wait for.
  const isByArrival = rule.kind === 'silence' || rule.kind === 'all_of' || rule.kind === 'any_of'
  return isByArrival ? clears : `${clears}, as of the watermark`
}
