import type { Meanings } from '../config/meanings.ts'
import type { Rule } from '../config/rules.ts'
import { columnOf, columnsOf, needsSpan, rareNames } from '../decode/recorded-keys.ts'
import { attributeNames, senderNames, spanColumns, varyingNames } from '../decode/recorded-names.ts'
import { isPlainAttribute } from '../decode/watched.ts'
import { canCount } from '../detect/feeds.ts'
import { keysOf } from '../detect/keys-of.ts'
import { unitsOf } from '../detect/kinds.ts'
import { isPerSender } from '../detect/per-sender.ts'
import { neededBy } from '../detect/span-interest.ts'
import type { Matcher } from '../lib/matcher.ts'
import type { ObservationUnit } from '../model/observation.ts'
import type { ColumnIs, ItemQuery, PointQuery, ServedQuery } from '../store/recorded-query.ts'

/** What a back-test of these rules reads: nothing of what no rule looks at. */
export interface Plan {
  readonly attempt?: ServedQuery
  readonly request?: ServedQuery
  readonly span?: ItemQuery
  readonly log?: ItemQuery
  readonly metric?: PointQuery
  /** Attributes of items whose values hardly ever come again, as far as rules read them at all. */
  readonly varying: ReadonlySet<string>
  /** Attributes to fetch of resources. */
  readonly resource: readonly string[]
}

/** What of it is read per unit. */
export type UnitPlan = Omit<Plan, 'varying' | 'resource'>

export function planOf(rules: readonly Rule[], meanings: Meanings): Plan {
  // Rules that only ask who sends hear it from arrivals.
  const reading = (unit: ObservationUnit) =>
    rules.filter((rule) => !isPerSender(rule) && unitsOf(rule).includes(unit))
  const served = (unit: 'attempt' | 'request') => planServed(unit, reading(unit), meanings)
  const items = (unit: 'span' | 'log') => planItems(reading(unit), meanings)
  const metric = reading('metric')
  return {
    ...toPlan('attempt', served('attempt')),
    ...toPlan('request', served('request')),
    ...toPlan('span', items('span')),
    ...toPlan('log', items('log')),
    ...(metric.length > 0 && { metric: planPoints(metric, meanings) }),
    varying: new Set(varyingNames(keysOfAll(rules), meanings)),
    resource: namesOf(keysOfAll(rules), meanings),
  }
}

function toPlan<K extends string, Q>(unit: K, query: Q | undefined) {
  return query === undefined ? {} : ({ [unit]: query } as Readonly<Record<K, Q>>)
}

function keysOfAll(rules: readonly Rule[]): ReadonlySet<string> {
  return new Set(rules.flatMap((rule) => [...keysOf(rule)]))
}

function planServed(
  unit: 'attempt' | 'request',
  rules: readonly Rule[],
  meanings: Meanings,
): ServedQuery | undefined {
  if (rules.length === 0) return undefined
  // Ratios leave out what is neither good nor bad, without naming the field.
  const keys = new Set([...keysOfAll(rules), 'outcome'])
  // What is compared with the counters of routers are all of their attempts.
  const isCompared = unit === 'attempt' && rules.some(canCount)
  const conditions = isCompared ? [] : rules.map((rule) => conditionsOf(unit, rule))
  return {
    table: unit === 'attempt' ? 'signalbox_attempts' : 'signalbox_requests',
    columns: columnsOf(unit, keys),
    ...(conditions.length > 0 &&
      conditions.every((all) => all.length > 0) && { anyOf: conditions }),
    ...(needsSpan(unit, keys) && spanPart(rareNames(unit, keys, meanings), keys, meanings)),
  }
}

function spanPart(
  rare: readonly string[] | undefined,
  keys: ReadonlySet<string>,
  meanings: Meanings,
): Pick<ServedQuery, 'rare' | 'span'> {
  if (rare) return { rare }
  return { span: { attributes: namesOf(keys, meanings), columns: spanColumns(keys) } }
}

function conditionsOf(unit: 'attempt' | 'request', rule: Rule): readonly ColumnIs[] {
  return Object.entries(rule.where).flatMap(([key, matcher]) => {
    const column = NUMERIC.has(key) ? undefined : columnOf(unit, key)
    const values = plainValues(matcher)
    return column === undefined || values === undefined ? [] : [{ column, values }]
  })
}

const NUMERIC = new Set(['images', 'cost', 'http.response.status_code', 'attempt_count'])

/** What a field must be, when the matcher is nothing but values. */
function plainValues(matcher: Matcher): readonly string[] | undefined {
  const values = [matcher].flat()
  const isPlain = values.every((one) => typeof one !== 'object' && one !== '')
  return isPlain ? values.map(String) : undefined
}

function planItems(rules: readonly Rule[], meanings: Meanings): ItemQuery | undefined {
  if (rules.length === 0) return undefined
  const present = unique(rules.map((rule) => neededBy(rule).filter(isPlainAttribute)))
  return {
    attributes: namesOf(keysOfAll(rules), meanings),
    columns: spanColumns(keysOfAll(rules)),
    ...(present.every((names) => names.length > 0) && { present }),
  }
}

function planPoints(rules: readonly Rule[], meanings: Meanings): PointQuery {
  const metrics = rules.map(metricsOf)
  const names = metrics.flatMap((own) => own ?? [])
  return {
    attributes: namesOf(keysOfAll(rules), meanings),
    columns: [],
    ...(metrics.every((own) => own !== undefined) && { metrics: [...new Set(names)] }),
  }
}

/** Without lists that are there already: each is looked for in every row. */
function unique(lists: readonly (readonly string[])[]): readonly (readonly string[])[] {
  return [...new Map(lists.map((list) => [[...list].sort().join('\0'), list])).values()]
}

/** Names of the metrics that a rule takes; undefined where it may be any. */
function metricsOf(rule: Rule): readonly string[] | undefined {
  const matcher = rule.where.metric
  const named = matcher === undefined ? undefined : plainValues(matcher)
  if (named !== undefined) return named
  return rule.kind === 'gap' ? [...rule.desired, ...rule.actual, ...rule.atMax] : undefined
}

function namesOf(keys: Iterable<string>, meanings: Meanings): readonly string[] {
  return [...new Set([...attributeNames(keys, meanings), ...senderNames(meanings)])].sort()
}
