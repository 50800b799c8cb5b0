import protobuf, { type Field, type Type } from 'protobufjs'
import { BYTES, FIXED32, FIXED64, VARINT } from './wire.ts'

// The schema as a writer of OTLP/JSON needs it: fields by either spelling of their names, with the
// tag that stands before each on the wire.

type ScalarKind =
  | 'string'
  | 'bool'
  | 'id'
  | 'bytes'
  | 'double'
  | 'fixed64'
  | 'sfixed64'
  | 'uint64'
  | 'int64'
  | 'fixed32'
  | 'uint32'
  | 'sint32'

export interface JsonField {
  /** As the protocol's JSON has it: in camelCase. */
  readonly name: string
  readonly kind: ScalarKind | 'enum' | 'message'
  /** Number and wire type, as protobuf writes them; of a list of numbers that of its packed form. */
  readonly tag: number
  readonly isList: boolean
  /** Of a list: its numbers stand in one field. */
  readonly isPacked: boolean
  /** Of an enum: its numbers by name. */
  readonly values: ReadonlyMap<string, number>
  /** Of a message: its fields, worked out when they are first asked for. */
  fields(): JsonFields
}

export type JsonFields = ReadonlyMap<string, JsonField>

const ID_FIELDS = new Set(['traceId', 'spanId', 'parentSpanId'])
const known = new WeakMap<Type, JsonFields>()

export function jsonFieldsOf(type: Type): JsonFields {
  const before = known.get(type)
  if (before) return before
  const fields = new Map<string, JsonField>()
  for (const field of type.fieldsArray) {
    const own = toJsonField(field.resolve())
    fields.set(own.name, own)
    fields.set(toSnakeCase(own.name), own)
  }
  known.set(type, fields)
  return fields
}

function toSnakeCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

function toJsonField(field: Field): JsonField {
  const { name, id, repeated: isList, resolvedType: type } = field
  const kind = kindOf(field)
  const wireType = wireTypeOf(kind)
  const isPacked = isList && wireType !== BYTES
  return {
    ...{ name, kind, isList, isPacked },
    tag: id * 8 + (isPacked ? BYTES : wireType),
    values: new Map(type instanceof protobuf.Enum ? Object.entries(type.values) : []),
    fields: () => (type instanceof protobuf.Type ? jsonFieldsOf(type) : new Map()),
  }
}

function kindOf({ name, type, resolvedType }: Field): JsonField['kind'] {
  if (resolvedType instanceof protobuf.Type) return 'message'
  if (resolvedType instanceof protobuf.Enum) return 'enum'
  return type === 'bytes' && ID_FIELDS.has(name) ? 'id' : (type as ScalarKind)
}

function wireTypeOf(kind: JsonField['kind']): number {
  switch (kind) {
    case 'string':
    case 'id':
    case 'bytes':
    case 'message':
      return BYTES
    case 'double':
    case 'fixed64':
    case 'sfixed64':
      return FIXED64
    case 'fixed32':
      return FIXED32
    default:
      return VARINT
  }
}
