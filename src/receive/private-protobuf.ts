import type { Signal } from '../model/otlp.ts'
import type { KeyedHash } from './keyed-hash.ts'
import { EVENT_FIELDS, LOG_FIELDS, REQUEST_SHAPES, type Shape } from './otlp-shapes.ts'
import {
  CONTENT,
  EVENT_NAME,
  PROMPT_CONTENT,
  UnreadableBody,
  type Withholding,
} from './private-json.ts'
import { type ByteRange, readFields, readInt64, toField } from './protobuf-fields.ts'

// Private attributes in OTLP/protobuf, on the bytes: only messages within which the search found
// something are entered, and everything else is copied as it is, unknown fields included. So a
// request whose log lines merely speak of prompts costs next to nothing.

const DEPTH_MAX = 100

export interface ProtobufBody {
  readonly signal: Signal
  readonly body: Buffer
  /** Where the search found something, ascending. */
  readonly finds: readonly number[]
  /** The search stopped early: anything may be anywhere. */
  readonly isEverywhere: boolean
}

interface Context extends ProtobufBody, Withholding {}

/**
 * The body without what is private; undefined when nothing in it is.
 * @throws UnreadableBody
 */
export function cleanProtobuf(given: ProtobufBody, withholding: Withholding): Buffer | undefined {
  const range = { from: 0, to: given.body.length }
  return clean(
    { ...given, ...withholding },
    { shape: REQUEST_SHAPES[given.signal], range, depth: 0 },
  )
}

interface Message {
  readonly shape: Shape
  readonly range: ByteRange
  readonly depth: number
}

/** The message as it must be, undefined when it may stay as it is. */
function clean(context: Context, { shape, range, depth }: Message): Buffer | undefined {
  if (depth > DEPTH_MAX) throw new UnreadableBody('nested too deeply')
  const { body } = context
  const isPrompt = isPromptEvent(context, { shape, range, depth })
  const chunks: Uint8Array[] = []
  let copiedTo = range.from
  for (const field of readFields(body, range)) {
    const child = shape.children[field.number]
    if (child === undefined || field.wire !== 2) continue
    const isContent = isPrompt && holdsContent(context, { shape, field })
    if (!isContent && !hasFind(context, field)) continue
    if (isContent) context.withhold(PROMPT_CONTENT)
    const cleaned =
      isContent || child === 'gone'
        ? 'gone'
        : cleanChild(context, { shape: child, range: field, depth: depth + 1 })
    if (cleaned === undefined) continue
    chunks.push(body.subarray(copiedTo, field.tagAt))
    if (cleaned !== 'gone') chunks.push(toField(field.number, cleaned))
    copiedTo = field.to
  }
  if (copiedTo === range.from) return undefined
  return Buffer.concat([...chunks, body.subarray(copiedTo, range.to)])
}

function cleanChild(context: Context, message: Message): Buffer | 'gone' | undefined {
  if (message.shape.kind !== 'pair') return clean(context, message)
  const withheld = namesOf(context.body, message.range)
    .map((name) => context.names.find(name))
    .find((one) => one !== undefined)
  if (!withheld) return clean(context, message)
  context.withhold(withheld)
  return withheld.action === 'drop'
    ? 'gone'
    : hashPair({ ...context, depth: message.depth }, message.range)
}

/** Keys of a pair: one, unless somebody wants to hide another behind it. */
function namesOf(body: Buffer, pair: ByteRange): string[] {
  return textsOf(body, { range: pair, number: 1 })
}

function textsOf(body: Buffer, of: { range: ByteRange; number: number }): string[] {
  const texts: string[] = []
  for (const { number, wire, from, to } of readFields(body, of.range))
    if (number === of.number && wire === 2) texts.push(body.toString('utf8', from, to))
  return texts
}

/** Whether people's own text is in this event, and what of it. */
function isPromptEvent({ body, names }: Context, { shape, range }: Message): boolean {
  if (shape.kind === 'event')
    return textsOf(body, { range, number: EVENT_FIELDS.name }).some(names.isPromptEvent)
  if (shape.kind !== 'log') return false
  if (textsOf(body, { range, number: LOG_FIELDS.name }).some(names.isPromptEvent)) return true
  for (const field of readFields(body, range)) {
    if (field.number !== LOG_FIELDS.attributes || field.wire !== 2) continue
    if (!namesOf(body, field).includes(EVENT_NAME)) continue
    for (const value of readFields(body, field))
      if (
        value.number === 2 &&
        textsOf(body, { range: value, number: 1 }).some(names.isPromptEvent)
      )
        return true
  }
  return false
}

function holdsContent(
  { body }: Context,
  { shape, field }: { shape: Shape; field: ByteRange & { readonly number: number } },
): boolean {
  if (shape.kind === 'log' && field.number === LOG_FIELDS.body) return true
  return namesOf(body, field).includes(CONTENT)
}

function hasFind({ finds, isEverywhere }: Context, { from, to }: ByteRange): boolean {
  if (isEverywhere) return true
  let low = 0
  for (let high = finds.length; low < high; ) {
    const middle = (low + high) >> 1
    if ((finds[middle] ?? 0) < from) low = middle + 1
    else high = middle
  }
  return (finds[low] ?? to) < to
}

interface Hashing {
  readonly body: Buffer
  readonly hash: KeyedHash
  readonly depth: number
}

function hashPair(given: Hashing, pair: ByteRange): Buffer {
  const { body } = given
  const fields = [...readFields(body, pair)].flatMap((field) => {
    if (field.number === 1) return [body.subarray(field.tagAt, field.to)]
    if (field.number !== 2 || field.wire !== 2) return []
    return [toField(2, hashValue(given, field))]
  })
  return Buffer.concat(fields)
}

/** Scalars become the hash of their text; lists and maps keep their shape, and maps their keys. */
function hashValue(given: Hashing, value: ByteRange): Buffer {
  const { body, hash, depth } = given
  if (depth > DEPTH_MAX) throw new UnreadableBody('nested too deeply')
  const deeper = { ...given, depth: depth + 1 }
  const toText = (text: string) => toField(1, Buffer.from(hash(text)))
  const fields = [...readFields(body, value)].map((field): Buffer => {
    const { from, to } = field
    switch (field.number * 8 + field.wire) {
      case 10:
        return toText(body.toString('utf8', from, to))
      case 16:
        return toText(String(readInt64(body, field) !== 0n))
      case 24:
        return toText(String(readInt64(body, field)))
      case 33:
        return toText(String(body.readDoubleLE(from)))
      case 42:
        return toField(
          5,
          hashItems(field, (item) => hashValue(deeper, item)),
        )
      case 50:
        return toField(
          6,
          hashItems(field, (item) => hashPair(deeper, item)),
        )
      case 58:
        return toText(body.toString('base64', from, to))
      default:
        return Buffer.alloc(0)
    }
  })
  return Buffer.concat(fields)

  function hashItems(list: ByteRange, toItem: (item: ByteRange) => Buffer): Buffer {
    const items = [...readFields(body, list)].filter((one) => one.number === 1 && one.wire === 2)
    return Buffer.concat(items.map((one) => toField(1, toItem(one))))
  }
}
