import protobuf, { type Field, type Type } from 'protobufjs'
import { BadTelemetry, toNotJson } from '../decode/bad-telemetry.ts'
import { fromBigInt } from '../decode/int64.ts'
import { DEPTH_MAX } from '../decode/otlp-schema.ts'
import type { Int64 } from '../decode/value-message.ts'

// OTLP/JSON by the schema of the protobuf messages, so that both encodings give one shape. The
// protocol's own mapping: ids in hex, everything else as in proto3 JSON. As lenient as the
// Collector: snake_case keys, enum names, numbers as text; unknown keys are ignored.

const ID_FIELDS = new Set(['traceId', 'spanId', 'parentSpanId'])
const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/
const HEX = /^(?:[0-9a-fA-F]{2})*$/

type Fields = ReadonlyMap<string, Field>
const fieldsByType = new WeakMap<Type, Fields>()

/** @throws BadTelemetry naming the place, such as `resourceSpans[0].scopeSpans[1].spans[7].kind` */
export function readJson(type: Type, body: Uint8Array): unknown {
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString('utf8')
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch (fault) {
    throw new BadTelemetry(toNotJson(fault))
  }
  return readMessage({ type, json: parsed, path: [] })
}

interface Place {
  readonly json: unknown
  readonly path: readonly (string | number)[]
}

function readMessage({ type, json, path }: Place & { readonly type: Type }): object {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) fail(path, 'an object')
  const depth = path.filter((step) => typeof step === 'string').length
  if (depth > DEPTH_MAX) throw new BadTelemetry('nested too deeply')
  const message = type.create() as unknown as Record<string, unknown>
  const fields = fieldsOf(type)
  for (const [key, value] of Object.entries(json as object)) {
    const field = fields.get(key)
    if (!field || value === null) continue
    const at = [...path, key]
    message[field.name] = field.repeated
      ? readList(field, { json: value, path: at })
      : readValue(field, { json: value, path: at })
  }
  return message
}

function readList(field: Field, { json, path }: Place): unknown[] {
  if (!Array.isArray(json)) fail(path, 'an array')
  return json.map((item: unknown, index) =>
    // An empty value may be written as null inside a list.
    readValue(field, { json: item ?? (isMessage(field) ? {} : item), path: [...path, index] }),
  )
}

function isMessage(field: Field): boolean {
  return field.resolvedType instanceof protobuf.Type
}

function readValue(field: Field, { json, path }: Place): unknown {
  const type = field.resolvedType
  if (type instanceof protobuf.Type) return readMessage({ type, json, path })
  if (type instanceof protobuf.Enum) return readEnum(type.values, { json, path })
  switch (field.type) {
    case 'string':
      return typeof json === 'string' ? json : fail(path, 'a string')
    case 'bool':
      return typeof json === 'boolean' ? json : fail(path, 'true or false')
    case 'bytes':
      return readBytes(field, { json, path })
    case 'double':
      return readDouble({ json, path })
    case 'fixed64':
    case 'uint64':
      return readInt64({ json, path }, true)
    case 'int64':
    case 'sfixed64':
      return readInt64({ json, path }, false)
    default:
      return readInt32({ json, path }, field.type === 'sint32')
  }
}

function readEnum(values: Readonly<Record<string, number>>, place: Place): number {
  if (typeof place.json !== 'string') return readInt32(place, true)
  const value = Object.hasOwn(values, place.json) ? values[place.json] : undefined
  return value ?? fail(place.path, 'a known name or a number')
}

function readBytes(field: Field, { json, path }: Place): Uint8Array {
  const isId = ID_FIELDS.has(field.name)
  if (typeof json !== 'string') fail(path, isId ? 'an id in hex' : 'bytes in base64')
  if (!isId) return BASE64.test(json) ? Buffer.from(json, 'base64') : fail(path, 'bytes in base64')
  return HEX.test(json) ? Buffer.from(json, 'hex') : fail(path, 'an id in hex')
}

function readDouble({ json, path }: Place): number {
  if (typeof json === 'number') return json
  if (typeof json !== 'string' || json.trim() === '') fail(path, 'a number')
  const value = Number(json)
  return Number.isNaN(value) && json !== 'NaN' ? fail(path, 'a number') : value
}

function readInt64({ json, path }: Place, unsigned: boolean): Int64 {
  const isInteger =
    typeof json === 'number'
      ? Number.isInteger(json)
      : typeof json === 'string' && /^-?\d{1,20}$/.test(json)
  const value = isInteger ? fromBigInt(BigInt(json as string | number), unsigned) : undefined
  return value ?? fail(path, unsigned ? 'an unsigned 64-bit integer' : 'a 64-bit integer')
}

function readInt32({ json, path }: Place, signed: boolean): number {
  const value = typeof json === 'string' && /^-?\d{1,10}$/.test(json) ? Number(json) : json
  const fits = typeof value === 'number' && (signed ? (value | 0) === value : value >>> 0 === value)
  return fits ? value : fail(path, 'a 32-bit integer')
}

/** Both spellings of every field. */
function fieldsOf(type: Type): Fields {
  const known = fieldsByType.get(type)
  if (known) return known
  const fields = new Map<string, Field>()
  for (const field of type.fieldsArray) {
    fields.set(field.name, field.resolve())
    fields.set(
      field.name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
      field,
    )
  }
  fieldsByType.set(type, fields)
  return fields
}

function fail(path: readonly (string | number)[], wanted: string): never {
  const place = path.reduce<string>(
    (text, step) => text + (typeof step === 'number' ? `[${step}]` : `${text && '.'}${step}`),
    '',
  )
  throw new BadTelemetry(`${place || 'the body'}: expected ${wanted}`)
}
