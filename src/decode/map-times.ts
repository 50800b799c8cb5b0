import type { MapRule } from '../config/telemetry-map.ts'
import type { FieldReader } from '../lib/matcher.ts'
import type { Mappable } from './mapped.ts'

interface TimeSpan {
  readonly startUnixNs: bigint
  readonly endUnixNs: bigint
}

type ReadDuration = (read: FieldReader) => bigint | undefined

/** From when to when: a span says it, a record has one time and perhaps a duration. */
export function spanOf(
  { signal, startUnixNs, endUnixNs }: Mappable,
  {
    rule,
    durations,
    read,
  }: {
    readonly rule: Pick<MapRule, 'time'>
    readonly durations: { readonly duration: ReadDuration; readonly after: ReadDuration }
    readonly read: FieldReader
  },
): TimeSpan {
  if (signal !== 'log') return { startUnixNs, endUnixNs: max(startUnixNs, endUnixNs) }
  const lengthNs = durations.duration(read) ?? 0n
  const from = rule.time === 'start' ? startUnixNs : max(0n, endUnixNs - lengthNs)
  const to = from + lengthNs
  const afterNs = durations.after(read) ?? 0n
  return { startUnixNs: from + (afterNs < lengthNs ? afterNs : lengthNs), endUnixNs: to }
}

/**
 * The tries that a record lists, each with its own fields. They follow each other from the start of
 * the record; one without a duration ends where the record does.
 */
export function splitTries(
  read: FieldReader,
  {
    each,
    duration,
    span,
  }: {
    readonly each: NonNullable<MapRule['each']>
    readonly duration: ReadDuration
    readonly span: TimeSpan
  },
): readonly (TimeSpan & { readonly read: FieldReader })[] {
  const split = new RegExp(each.split)
  const lists = new Map<string, readonly string[]>()
  for (const field of each.fields) {
    const value = read(field)
    if (value !== undefined) lists.set(field, String(value).split(split))
  }
  const tryCount = Math.max(0, ...[...lists.values()].map(({ length }) => length))
  let cursor = span.startUnixNs
  return Array.from({ length: tryCount }, (_, index) => {
    const own: FieldReader = (key) => {
      const list = lists.get(key)
      if (list === undefined) return each.fields.includes(key) ? undefined : read(key)
      const piece = list[index]?.trim()
      return piece === '' || piece === '-' ? undefined : piece
    }
    const startUnixNs = cursor
    const lengthNs = duration(own)
    const endUnixNs = lengthNs === undefined ? max(startUnixNs, span.endUnixNs) : cursor + lengthNs
    if (lengthNs !== undefined) cursor = endUnixNs
    return { read: own, startUnixNs, endUnixNs }
  })
}

function max(a: bigint, b: bigint): bigint {
  return a > b ? a : b
}
