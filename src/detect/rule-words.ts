import type { Rule, RuleOf } from '../config/rules.ts'
import { formatDurationMs } from '../lib/duration.ts'

// A rule in plain words, made from the rule itself, so that they cannot say anything else than it does.

/** `above 40 % with at least 50 in 90s`. */
export function tripWords(rule: Rule): string {
  const words = [`${conditionOf(rule)}`, distinctWords(rule), holdWords(rule.trip.forMs)]
  return words.filter((one) => one !== '').join(' ')
}

/** `below 10 % over 20s with at least 20`. */
export function clearWords(rule: Rule): string {
  const { clear } = rule
  const level = clearLevelOf(rule)
  const isUnder = !('isAbove' in rule.trip) || rule.trip.isAbove
  const over = ` over ${formatWindow(clear.windowMs)}`
  const limit =
    level === null ? '' : `${isUnder ? 'below' : 'above'} ${formatLevel(rule, level)}${over}`
  const count = 'countMin' in clear && clear.countMin > 1 ? `with at least ${clear.countMin}` : ''
  const words = [limit || otherwiseOf(rule), count, holdWords(clear.forMs)]
  return words.filter((one) => one !== '').join(' ')
}

/** In the unit of the threshold; null for a kind that clears by something else. */
export function clearLevelOf(rule: Rule): number | null {
  switch (rule.kind) {
    case 'ratio':
    case 'outlier':
    case 'count':
    case 'distinct':
    case 'novelty':
      return rule.clear.below
    case 'value':
      return rule.clear.level
    case 'growth':
      return rule.clear.times
    case 'inflight':
      return rule.clear.belowMs
    case 'quantile':
      return rule.clear.below ?? null
    default:
      return null
  }
}

/** A value or level as people write it: `40 %`, `12s`, `3.5`. */
export function formatLevel(rule: Rule, value: number): string {
  if (rule.kind === 'ratio' || rule.kind === 'outlier') return formatPercent(value)
  if (rule.kind === 'growth' || rule.kind === 'burn_rate')
    return `${Number(value.toPrecision(4))} times`
  const isTime = rule.kind === 'inflight' || rule.kind === 'silence'
  if (isTime || ('of' in rule && rule.of === 'duration' && rule.kind !== 'change'))
    return formatDurationMs(value >= 10_000 ? Math.round(value / 1_000) * 1_000 : Math.round(value))
  return String(Number(value.toPrecision(4)))
}

function conditionOf(rule: Rule): string {
  const inWindow = `in ${formatWindow(rule.windowMs)}`
  switch (rule.kind) {
    case 'ratio':
      return `above ${formatPercent(rule.trip.above)} with at least ${rule.trip.countMin} ${inWindow}`
    case 'count':
      return `at ${rule.trip.atLeast} or more ${inWindow}`
    case 'distinct':
      return `at ${rule.trip.atLeast} or more different ${rule.of} ${inWindow}`
    case 'novelty':
      return `at ${rule.trip.atLeast} or more lines ${inWindow} of a kind unseen for ${formatDurationMs(rule.unseenForMs)}`
    case 'value':
      return `when ${valueName(rule)} is ${sideOf(rule.trip)} ${formatLevel(rule, rule.trip.level)}${atLeast(rule.trip.countMin)} ${inWindow}`
    case 'quantile':
      return `when the ${Number((rule.q * 100).toFixed(2))} % quantile of ${rule.of} is above ${quantileLevel(rule)}${atLeast(rule.trip.countMin)} ${inWindow}`
    case 'growth':
      return `when ${rule.series ? 'the sum of all ' : ''}${rule.of} is ${sideOf(rule.trip)} ${rule.trip.times} times ${pastName(rule)}${atLeast(rule.trip.countMin)} ${inWindow}`
    default:
      return otherCondition(rule, inWindow)
  }
}

type Other = Exclude<
  Rule,
  { kind: 'ratio' | 'count' | 'distinct' | 'novelty' | 'value' | 'quantile' | 'growth' }
>

/** Kinds that look at senders, keys, budgets and other rules. */
function otherCondition(rule: Other, inWindow: string): string {
  switch (rule.kind) {
    case 'gap':
      return `when ${rule.desired[0]} is over ${rule.actual[0]} by more than ${gapLevel(rule)}${rule.onlyIf === undefined ? '' : ` while ${rule.onlyIf} fires`}`
    case 'inflight':
      return `when the oldest open work is older than ${formatDurationMs(rule.trip.oldestAboveMs)}`
    case 'silence':
      return `when nothing comes for more than ${formatWindow(rule.trip.silentMs)}${rule.isOnlyWhileAlive ? ' from one that sends something else, while nine in ten others get work' : ''}`
    case 'burn_rate':
      return `when the budget of ${formatPercent(1 - rule.objective)} burns ${rule.windows.map(burnWords).join(', or ')}`
    case 'outlier':
      return `when one ${rule.key} is above ${formatPercent(rule.trip.above)} with at least ${rule.trip.countMin} ${inWindow} and the rest below ${formatPercent(rule.restBelow)}`
    case 'change':
      return `when ${rule.of} changes by more than ${rule.trip.above} (${rule.method})`
    case 'all_of':
      return `when ${rule.rules.join(' and ')} fire within ${formatWindow(rule.withinMs)}`
    case 'any_of':
      return `when ${rule.rules.join(' or ')} fires`
  }
}

/** How a kind clears that has no level of its own. */
function otherwiseOf(rule: Rule): string {
  const over = `over ${formatWindow(rule.clear.windowMs)}`
  switch (rule.kind) {
    case 'silence':
      return 'when something comes'
    case 'gap':
      return `when the gap has closed ${over}`
    case 'burn_rate':
      return `when no short window burns too fast`
    case 'all_of':
    case 'any_of':
      return `when they have not fired for ${formatWindow(rule.withinMs)}`
    case 'quantile':
      return `below ${rule.clear.timesBaseline} times the usual ${over}`
    default:
      return `when it has not tripped ${over}`
  }
}

/** As rules are written: `60s` and `90s`, from two minutes on `5m`. */
export function formatWindow(ms: number): string {
  return ms < 120_000 && ms % 1_000 === 0 ? `${ms / 1_000}s` : formatDurationMs(ms)
}

const formatPercent = (share: number) => `${Number((share * 100).toPrecision(3))} %`
const sideOf = ({ isAbove }: { readonly isAbove: boolean }) => (isAbove ? 'above' : 'below')
const atLeast = (count: number) => (count > 1 ? ` with at least ${count}` : '')
const holdWords = (ms: number) => (ms > 0 ? `for ${formatWindow(ms)}` : '')

function distinctWords({ trip }: Rule): string {
  const least = 'distinctMin' in trip ? Object.entries(trip.distinctMin) : []
  const words = least
    .filter(([, count]) => count > 1)
    .map(([key, count]) => `${count} different ${key}`)
  return words.length === 0 ? '' : `from at least ${words.join(' and ')}`
}

function valueName({ of, agg, per, series }: RuleOf<'value'>): string {
  return per ? `${of} per match` : `${agg} of ${series ? `the sum of all ${of}` : of}`
}

function pastName({ overMs, baselineMs }: RuleOf<'growth'>): string {
  if (overMs !== undefined) return `what it was ${formatWindow(overMs)} before`
  return `the usual of ${formatWindow(baselineMs ?? 0)}`
}

function quantileLevel(rule: RuleOf<'quantile'>): string {
  const { above, timesBaseline } = rule.trip
  const levels = [
    above === undefined ? '' : formatLevel(rule, above),
    timesBaseline === undefined ? '' : `${timesBaseline} times the usual`,
  ]
  return levels.filter((one) => one !== '').join(' and above ')
}

function gapLevel({ trip }: RuleOf<'gap'>): string {
  const levels = [
    trip.above > 0 ? String(trip.above) : '',
    trip.aboveRatio > 0 ? formatPercent(trip.aboveRatio) : '',
  ]
  return levels.filter((one) => one !== '').join(' and ') || '0'
}

function burnWords({ longMs, shortMs, factor }: RuleOf<'burn_rate'>['windows'][number]): string {
  return `over ${factor} times too fast in ${formatDurationMs(longMs)} and in ${formatDurationMs(shortMs)}`
}
