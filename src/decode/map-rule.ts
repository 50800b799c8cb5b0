import type { MapRule } from '../config/telemetry-map.ts'
import { compileMatchers, type FieldReader, type Matcher } from '../lib/matcher.ts'
import { parseGeneration } from '../model/generation.ts'
import {
  compileCount,
  compileDuration,
  compileFields,
  compileValue,
  type OpenItem,
  readFieldsOf,
} from './map-fields.ts'
import { spanOf, splitTries } from './map-times.ts'
import type { Mappable } from './mapped.ts'
import type { Ending } from './outcome.ts'

/** What one rule read in an item, before it is judged. */
export interface Found {
  readonly route: string
  readonly target: string
  /** What the rule says outright, '' when it is to be judged. */
  readonly outcome: string
  readonly ending: Ending
  readonly generation: string
  readonly requestId: string
  readonly startUnixNs: bigint
  readonly endUnixNs: bigint
  /** Failed tries before this one, on the same target. */
  readonly retryCount: number
}

export interface CompiledRule {
  readonly unit: MapRule['unit']
  /** By service and name alone, where the rule asks for some. */
  mayFit(service: string, name: string): boolean
  /** Nothing when it does not fit; of `each`, one per try. */
  find(open: OpenItem): readonly Found[]
}

/** Tries in one record: more than any router makes. */
const TRIES_MAX = 32

export function compileRule(rule: MapRule): CompiledRule {
  const fields = compileFields(rule)
  const wheres = rule.where.map(compileMatchers)
  const isExcepted = rule.unless === undefined ? () => false : compileMatchers(rule.unless)
  const early = rule.where.map((where) => compileMatchers(onlyEarly(where)))
  const mayOmitRoute = rule.on === 'spans' && rule.unit === 'attempt'
  const readTry = compileTry(rule)
  return {
    unit: rule.unit,
    mayFit(service, name) {
      const read: FieldReader = (key) => (key === 'service' ? service : name) || undefined
      return early.every((test) => test(read))
    },
    find(open) {
      const { item } = open
      const read = readFieldsOf(open, fields)
      if (!wheres.every((test) => test(read)) || isExcepted(read)) return []
      const span = spanOf(item, { rule, durations: readTry, read })
      const tries = rule.each
        ? splitTries(read, { each: rule.each, duration: readTry.eachDuration, span })
        : [{ read, ...span }]
      return tries
        .slice(0, TRIES_MAX)
        .map((one) => readTry.found(one.read, { item, ...one }))
        .filter(({ route, target }) => (route !== '' || mayOmitRoute) && isWhole(rule, target))
    },
  }
}

function isWhole({ unit }: MapRule, target: string): boolean {
  return unit === 'request' || target !== ''
}

interface Place {
  readonly item: Mappable
  readonly startUnixNs: bigint
  readonly endUnixNs: bigint
}

function compileTry(rule: MapRule) {
  const [route, target] = [compileValue(rule.route), compileValue(rule.target)]
  const [outcome, generation] = [compileValue(rule.outcome), compileValue(rule.generation)]
  const [requestId, statusCode] = [compileValue(rule.request_id), compileValue(rule.status_code)]
  const [errorType, flags] = [compileValue(rule.error_type), compileValue(rule.response_flags)]
  const isFailed = rule.error === undefined ? () => false : compileMatchers(rule.error)
  const retryCount = compileCount(rule.retries)
  return {
    duration: compileDuration(rule.duration),
    after: compileDuration(rule.after),
    eachDuration: compileDuration(rule.each?.duration),
    found(read: FieldReader, { item, startUnixNs, endUnixNs }: Place): Found {
      return {
        route: route(read) ?? '',
        target: target(read) ?? '',
        outcome: outcome(read) ?? '',
        ending: {
          statusCode: toStatusCode(statusCode(read)),
          errorType: errorType(read) ?? '',
          isError: item.isError || isFailed(read),
          responseFlags: flags(read) ?? '',
          durationMs: Number((endUnixNs - startUnixNs) / 1_000n) / 1_000,
        },
        generation: toGeneration(generation(read)),
        requestId: requestId(read) ?? '',
        startUnixNs,
        endUnixNs,
        retryCount: retryCount(read),
      }
    },
  }
}

/** The part of the matchers that needs no look into the item. */
function onlyEarly(where: Readonly<Record<string, Matcher>>): Record<string, Matcher> {
  const entries = Object.entries(where)
  return Object.fromEntries(entries.filter(([key]) => key === 'service' || key === 'name'))
}

function toStatusCode(text: string | undefined): number {
  return text !== undefined && /^[1-9]\d\d$/.test(text) ? Number(text) : 0
}

function toGeneration(text: string | undefined): string {
  return text !== undefined && parseGeneration(text) ? text : ''
}
