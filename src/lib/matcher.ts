import { isFound } from './pattern.ts'

/** What a field may hold. */
export type FieldValue = string | number | boolean

/** A value, a list (any of), or operators that must all hold; see the `where:` of rule files. */
export type Matcher = FieldValue | readonly FieldValue[] | MatcherOperators

export interface MatcherOperators {
  readonly not?: FieldValue | readonly FieldValue[] | undefined
  /** A regular expression, searched anywhere in the text (see `pattern.ts` for what is refused). */
  readonly match?: string | undefined
  readonly exists?: boolean | undefined
  readonly gt?: number | undefined
  readonly gte?: number | undefined
  readonly lt?: number | undefined
  readonly lte?: number | undefined
}

/** Reads one field of an item by name; undefined when it is absent. */
export type FieldReader = (key: string) => FieldValue | undefined

/**
 * Compiles `{ field: matcher, … }` (all must hold) into a predicate.
 * Values are compared as text, so that `code: 500` matches `'500'`. An absent field matches only
 * `exists: false` and `not`.
 */
export function compileMatchers(
  matchers: Readonly<Record<string, Matcher>>,
): (read: FieldReader) => boolean {
  const tests = Object.entries(matchers).map(([key, matcher]) => ({
    key,
    test: compileOne(matcher),
  }))
  const [first] = tests
  // Asked for millions of items: mostly there is one condition.
  if (first && tests.length === 1) return (read) => first.test(read(first.key))
  return (read) => {
    for (const { key, test } of tests) if (!test(read(key))) return false
    return true
  }
}

type Test = (value: FieldValue | undefined) => boolean

function compileOne(matcher: Matcher): Test {
  if (Array.isArray(matcher)) return anyOf(matcher)
  if (typeof matcher !== 'object') return anyOf([matcher])
  const tests = compileOperators(matcher as MatcherOperators)
  return (value) => {
    for (const test of tests) if (!test(value)) return false
    return true
  }
}

function anyOf(values: readonly FieldValue[]): Test {
  const wanted = new Set(values.map(String))
  const [only] = wanted
  if (wanted.size === 1) return (value) => value !== undefined && String(value) === only
  return (value) => value !== undefined && wanted.has(String(value))
}

function compileOperators(operators: MatcherOperators): Test[] {
  const tests: Test[] = []
  const { not, match, exists } = operators
  if (exists !== undefined) tests.push((value) => (value !== undefined) === exists)
  if (not !== undefined) {
    const isUnwanted = anyOf(typeof not === 'object' ? not : [not])
    tests.push((value) => !isUnwanted(value))
  }
  if (match !== undefined) {
    const pattern = new RegExp(match)
    tests.push((value) => value !== undefined && isFound(pattern, String(value)))
  }
  const compare = (limit: number | undefined, holds: (a: number, b: number) => boolean) => {
    if (limit !== undefined)
      tests.push((value) => value !== undefined && holds(Number(value), limit))
  }
  compare(operators.gt, (a, b) => a > b)
  compare(operators.gte, (a, b) => a >= b)
  compare(operators.lt, (a, b) => a < b)
  compare(operators.lte, (a, b) => a <= b)
  return tests
}
