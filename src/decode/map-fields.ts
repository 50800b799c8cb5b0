import type { CountRead, DurationRead, MapValue, Read } from '../config/map-value.ts'
import type { MapRule } from '../config/telemetry-map.ts'
import type { FieldReader } from '../lib/matcher.ts'
import type { FieldValue } from '../model/observation.ts'
import type { Mappable } from './mapped.ts'

// Reading an item by the names that rules use. Everything that a sender writes is bounded before it
// is searched: by patterns that cannot explode (lib/pattern), and by length here.

/** Of a text that is searched or parsed: NGINX takes request lines up to so many. */
const TEXT_CHARS_MAX = 8_192

/** One item while it is mapped, with what was found in its text, which rules have in common. */
export interface OpenItem {
  readonly item: Mappable
  readonly parsed: Map<string, Groups | undefined>
  object?: Readonly<Record<string, unknown>>
}

export function openItem(item: Mappable): OpenItem {
  return { item, parsed: new Map() }
}

type Groups = Readonly<Record<string, string | undefined>>

/** Fields of an item; '' and `-`, which stand for nothing in access logs, are absent. */
export function readFieldsOf(open: OpenItem, rule: CompiledFields): FieldReader {
  const { item } = open
  const parsed = parseText(open, rule.patterns)
  const read: FieldReader = (key) =>
    said(parsed?.[key]) ?? said(builtIn(item, key) ?? item.get(key)) ?? said(inText(open, key))
  return (key) => {
    const made = rule.fields.get(key)
    return made === undefined ? read(key) : (made(read) ?? undefined)
  }
}

export interface CompiledFields {
  readonly patterns: readonly RegExp[]
  /** Fields that are made of others, by name. */
  readonly fields: ReadonlyMap<string, (read: FieldReader) => string | undefined>
}

export function compileFields({
  parse,
  fields,
}: Pick<MapRule, 'parse' | 'fields'>): CompiledFields {
  return {
    patterns: parse.map((pattern) => new RegExp(pattern)),
    fields: new Map(Object.entries(fields).map(([name, value]) => [name, compileValue(value)])),
  }
}

/** Reads text; undefined when there is none. */
export function compileValue(
  value: MapValue | undefined,
): (read: FieldReader) => string | undefined {
  if (value === undefined) return () => undefined
  if (typeof value === 'string') return () => value
  const reads = value.map(compileRead)
  return (read) => {
    for (const one of reads) {
      const found = one(read)
      if (found !== undefined) return found
    }
    return undefined
  }
}

const NS = { s: 1e9, ms: 1e6, us: 1e3, ns: 1 } as const

/** Nanoseconds, whole and not negative; undefined when the field is no such number. */
export function compileDuration(
  given: DurationRead | undefined,
): (read: FieldReader) => bigint | undefined {
  if (!given) return () => undefined
  const text = compileRead({ ...given, table: {} })
  return (read) => {
    const value = Number(text(read) ?? Number.NaN) * NS[given.unit]
    return value >= 0 && value <= DURATION_NS_MAX ? BigInt(Math.round(value)) : undefined
  }
}

/** 30 days: longer is no request. */
const DURATION_NS_MAX = 30 * 86_400e9
const COUNT_MAX = 1_000

/** A whole number from 0 to 1,000. */
export function compileCount(given: CountRead | undefined): (read: FieldReader) => number {
  if (!given) return () => 0
  const text = compileRead({ ...given, table: {} })
  return (read) => {
    const value = Math.floor(Number(text(read) ?? 0)) + given.add
    return value > 0 ? Math.min(value, COUNT_MAX) : 0
  }
}

function compileRead(given: Read): (read: FieldReader) => string | undefined {
  const pattern = given.match === undefined ? undefined : new RegExp(given.match)
  const look = compileTable(given.table)
  return (read) => {
    const value = firstOf(given.from, read)
    if (value === undefined) return undefined
    const match = pattern?.exec(value.slice(0, TEXT_CHARS_MAX))
    if (match === null) return undefined
    const text = match ? (match.slice(1).find((group) => group !== undefined) ?? match[0]) : value
    return said(look(text) ?? given.else ?? text) as string | undefined
  }
}

function firstOf(names: readonly string[], read: FieldReader): string | undefined {
  for (const name of names) {
    const value = read(name)
    if (value !== undefined) return String(value)
  }
  return undefined
}

/** Exact names first, then names with `*` in the order in which they are listed. */
function compileTable(
  table: Readonly<Record<string, string>>,
): (text: string) => string | undefined {
  const exact = new Map<string, string>()
  const globs: { readonly pieces: readonly string[]; readonly to: string }[] = []
  for (const [from, to] of Object.entries(table))
    if (from.includes('*')) globs.push({ pieces: from.split('*'), to })
    else exact.set(from, to)
  return (text) => exact.get(text) ?? globs.find(({ pieces }) => isLike(text, pieces))?.to
}

/** Whether the text is the pieces with anything between: one pass, whatever the pieces are. */
function isLike(text: string, pieces: readonly string[]): boolean {
  const [first = '', ...rest] = pieces
  const last = rest.pop() ?? ''
  if (!text.startsWith(first)) return false
  let at = first.length
  for (const piece of rest) {
    const found = text.indexOf(piece, at)
    if (found < 0) return false
    at = found + piece.length
  }
  return text.length - last.length >= at && text.endsWith(last)
}

function said(value: FieldValue | undefined): FieldValue | undefined {
  return value === '' || value === '-' ? undefined : value
}

function parseText({ item, parsed }: OpenItem, patterns: readonly RegExp[]): Groups | undefined {
  if (item.body === '' || patterns.length === 0) return undefined
  const text = item.body.slice(0, TEXT_CHARS_MAX)
  for (const pattern of patterns) {
    const { source } = pattern
    if (!parsed.has(source)) parsed.set(source, pattern.exec(text)?.groups)
    const groups = parsed.get(source)
    if (groups) return groups
  }
  return undefined
}

function builtIn(item: Mappable, key: string): FieldValue | undefined {
  switch (key) {
    case 'name':
      return item.name
    case 'kind':
      return item.kind.toLowerCase()
    case 'service':
      return item.service
    case 'body':
      return item.body
    case 'status':
      // Of a span; access logs have a field of their own by this name.
      return item.signal === 'span' ? (item.isError ? 'error' : 'ok') : undefined
    default:
      return undefined
  }
}

const JSON_CHARS_MAX = 65_536

/** A record whose text is a JSON object, as agents send it that do not parse. */
function inText(open: OpenItem, key: string): FieldValue | undefined {
  const { item } = open
  if (!item.body.startsWith('{') || item.body.length > JSON_CHARS_MAX) return undefined
  open.object ??= parseObject(item.body)
  const value = Object.hasOwn(open.object, key) ? open.object[key] : undefined
  return typeof value === 'object' ? undefined : (value as FieldValue | undefined)
}

function parseObject(text: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(text) as Record<string, unknown>
  } catch {
    return {}
  }
}
