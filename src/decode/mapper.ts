import type { MapRule, MapSignal } from '../config/telemetry-map.ts'
import type { RequestOutcome } from '../model/attempt.ts'
import { type CounterSteps, createCounterSteps, type Step } from './map-counter.ts'
import { type OpenItem, openItem } from './map-fields.ts'
import { type CompiledRule, compileRule, type Found } from './map-rule.ts'
import type { Mappable, Mapped, Mapper } from './mapped.ts'
import { judgeAttempt, judgeRequest } from './outcome.ts'

// What routers that do not know us say of attempts and requests (CONTRACT.md §3, "Existing routers").
// Rules are data, so that the profiles are written in what users write too, and an unusual log format
// needs no code. The mapper is pure but for the last values of counters.

export interface MapperOptions {
  /** In order: of the rules of one unit, the first that finds something in an item counts. */
  readonly rules: readonly MapRule[]
}

const SIGNALS: Readonly<Record<Mappable['signal'], MapSignal>> = {
  span: 'spans',
  log: 'logs',
  metric: 'metrics',
}

export function createMapper({ rules }: MapperOptions): Mapper {
  const bySignal = new Map<Mappable['signal'], readonly CompiledRule[]>()
  for (const [signal, on] of Object.entries(SIGNALS) as [Mappable['signal'], MapSignal][])
    bySignal.set(signal, rules.filter((rule) => rule.on === on).map(compileRule))
  const rulesFor = (signal: Mappable['signal']) => bySignal.get(signal) ?? []
  const mayFit = createMayFit(rulesFor)
  const counters = createCounterSteps()
  return {
    mayMap: mayFit,
    map(item) {
      if (!mayFit(item.signal, item.service, item.name)) return []
      const candidates = rulesFor(item.signal)
      const open = openItem(item)
      const attempts = firstOf(candidates, { unit: 'attempt', open })
      const requests = firstOf(candidates, { unit: 'request', open })
      if (attempts.length === 0 && requests.length === 0) return []
      if (item.signal === 'metric') return mapCounter({ item, attempts, requests, counters })
      const tried = attempts.flatMap(toAttempts)
      return [...tried, ...requests.map((found) => toRequest(found, tried))]
    },
  }
}

function firstOf(
  rules: readonly CompiledRule[],
  { unit, open }: { readonly unit: Mapped['unit']; readonly open: OpenItem },
): readonly Found[] {
  for (const rule of rules) {
    if (rule.unit !== unit || !rule.mayFit(open.item.service, open.item.name)) continue
    const found = rule.find(open)
    if (found.length > 0) return found
  }
  return []
}

function toAttempts(found: Found): Mapped[] {
  const attempt: Mapped = {
    ...base(found, 'attempt'),
    ...toOutcome(found, judgeAttempt(found.ending)),
  }
  if (found.retryCount === 0) return [attempt]
  const { startUnixNs } = found
  const retries: Mapped = {
    ...attempt,
    ...{ outcome: 'failed', isOutcomeSaid: true, errorType: RETRIED, count: found.retryCount },
    // When each of them ended is not told: at the latest when the last try began.
    ...{ startUnixNs, endUnixNs: startUnixNs },
    ending: {
      ...{ statusCode: 0, errorType: RETRIED, isError: true, responseFlags: '', durationMs: 0 },
    },
  }
  return [retries, attempt]
}

/** `error.type` of tries that a router only counts. */
const RETRIED = 'retried'

function toRequest(found: Found, attempts: readonly Mapped[]): Mapped {
  const judged = judgeRequest(found.ending, attempts)
  const { errorType, abandonedAfterMs } = judged
  const served = attempts.findLast(({ outcome }) => outcome === 'ok')?.target
  return {
    ...base(found, 'request'),
    ...toOutcome(found, judged.outcome),
    target: attempts.length > 0 ? (served ?? '') : found.target,
    errorType,
    abandonedAfterMs,
    attemptCount: attempts.reduce((sum, { count }) => sum + count, 0),
  }
}

function base(found: Found, unit: Mapped['unit']): Omit<Mapped, 'outcome' | 'isOutcomeSaid'> {
  const { retryCount: _, outcome: __, ...rest } = found
  const { errorType } = found.ending
  return { ...rest, unit, errorType, abandonedAfterMs: 0, count: 1, attemptCount: 0 }
}

const OUTCOMES = new Set<string>(['ok', 'failed', 'rejected', 'cancelled'])

function toOutcome(
  { outcome }: Found,
  judged: RequestOutcome,
): Pick<Mapped, 'outcome' | 'isOutcomeSaid'> {
  return OUTCOMES.has(outcome)
    ? { outcome: outcome as RequestOutcome, isOutcomeSaid: true }
    : { outcome: judged, isOutcomeSaid: false }
}

interface CounterPoint {
  readonly item: Mappable
  readonly attempts: readonly Found[]
  readonly requests: readonly Found[]
  readonly counters: CounterSteps
}

/** What a counter counts has no duration and no retries: it is there so many times. */
function mapCounter({ item, attempts, requests, counters }: CounterPoint): readonly Mapped[] {
  const step = counters.step(item)
  if (!step) return []
  const times = (found: Found) => ({ ...found, retryCount: 0, ...atStep(item, step) })
  return [
    ...attempts.flatMap((found) => toAttempts(times(found))),
    ...requests.map((found) => toRequest(times(found), [])),
  ].map((mapped) => ({ ...mapped, count: step.count }))
}

function atStep({ endUnixNs }: Mappable, { sinceUnixNs }: Step) {
  return { startUnixNs: sinceUnixNs < endUnixNs ? sinceUnixNs : endUnixNs, endUnixNs }
}

const KNOWN_MAX = 10_000

/** Answers are remembered: services and names are few, and asked for every item. */
function createMayFit(rulesFor: (signal: Mappable['signal']) => readonly CompiledRule[]) {
  const known = new Map<string, boolean>()
  return (signal: Mappable['signal'], service: string, name: string): boolean => {
    const rules = rulesFor(signal)
    if (rules.length === 0) return false
    const key = `${signal}\0${service}\0${name}`
    const answer = known.get(key)
    if (answer !== undefined) return answer
    const fresh = rules.some((rule) => rule.mayFit(service, name))
    if (known.size >= KNOWN_MAX) known.clear()
    known.set(key, fresh)
    return fresh
  }
}
