import protobuf, { type Field, type Message, type Type } from 'protobufjs'
import { REQUEST_TYPES } from '../../src/decode/otlp-schema.ts'
import type { Signal } from '../../src/model/otlp.ts'

const IDS = new Set(['traceId', 'spanId', 'parentSpanId'])

/** The OTLP/JSON document that says what these bytes of protobuf say. */
export function toJsonBody(signal: Signal, body: Buffer): Buffer {
  const type = REQUEST_TYPES[signal]
  return Buffer.from(JSON.stringify(toJson(type, type.decode(body))))
}

type Fields = Record<string, unknown>

function toJson(type: Type, message: Message): Fields {
  const all = message as unknown as Fields
  const set = type.fieldsArray.filter((field) => {
    // Of a union the library keeps every member that was ever set.
    const isChosen = !field.partOf || all[field.partOf.name] === field.name
    return isChosen && Object.hasOwn(all, field.name) && all[field.name] !== null
  })
  const entries = set.map((field) => {
    const value = all[field.name]
    const isList = Array.isArray(value)
    return [field.name, isList ? value.map((one) => toOne(field, one)) : toOne(field, value)]
  })
  return Object.fromEntries(entries)
}

function toOne(field: Field, value: unknown): unknown {
  if (field.resolvedType instanceof protobuf.Type)
    return toJson(field.resolvedType, value as Message)
  if (value instanceof Uint8Array)
    return Buffer.from(value).toString(IDS.has(field.name) ? 'hex' : 'base64')
  if (typeof value === 'number' && field.type === 'double')
    return Object.is(value, -0) ? '-0' : Number.isFinite(value) ? value : String(value)
  // 64-bit integers.
  return typeof value === 'object' ? String(value) : value
}
