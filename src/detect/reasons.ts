import type { Rule } from '../config/rules.ts'
import type { Judgement } from './judgement.ts'
import { formatWindow } from './rule-words.ts'

// Reasons with numbers in them are made when somebody reads or stores them, and not at each judging:
// they differ with every item.

/** Always there for what is `unknown`, `insufficient` or `pending`. */
export function reasonOf(rule: Rule, judgement: Judgement): string | undefined {
  const { state, reason, count } = judgement
  if (state === 'insufficient') return reason ?? needsMore({ rule, count, side: 'trip' })
  if (state !== 'pending') return reason
  const forS = Math.max(0, Math.floor((judgement.atUnixMs - judgement.sinceUnixMs) / 1_000))
  const held = `pending for ${forS} s of ${formatSeconds(rule.trip.forMs)}`
  return reason === undefined ? held : `${held}: ${reason}`
}

/** `needs 30, has 12 in 60s`. */
export function needsMore(query: {
  readonly rule: Rule
  readonly count: number
  readonly side: 'trip' | 'clear'
}): string {
  const { rule, count, side } = query
  const needed = side === 'trip' ? tripCountMin(rule) : clearCountMin(rule)
  if (needed === null || count >= needed) return WANTING[rule.kind] ?? 'too little to judge'
  // A clear window stretches, so that what is short is the count and not the window.
  if (side === 'clear') return `needs ${needed} to clear, has ${count}`
  const each = rule.kind === 'outlier' ? ' of one key' : ''
  return `needs ${needed}${each}, has ${count} in ${formatWindow(countWindowMs(rule))}`
}

export function tripCountMin({ trip }: Rule): number | null {
  return 'countMin' in trip ? trip.countMin : null
}

export function clearCountMin({ clear }: Rule): number | null {
  return 'countMin' in clear ? clear.countMin : null
}

/** What a kind misses when it is not items. */
const WANTING: Readonly<Partial<Record<Rule['kind'], string>>> = {
  gap: 'has no reading of both metrics',
  growth: 'has not seen enough of the past to compare with',
  inflight: 'knows of no open work',
  silence: 'nothing is expected yet',
  quantile: 'has not learned what is usual yet',
  outlier: 'has too few items of the other keys',
  change: 'has not learned what is usual yet',
}

function countWindowMs(rule: Rule): number {
  return rule.kind === 'burn_rate'
    ? Math.min(...rule.windows.map(({ longMs }) => longMs))
    : rule.windowMs
}

function formatSeconds(ms: number): string {
  return `${Number((ms / 1_000).toFixed(1))} s`
}
