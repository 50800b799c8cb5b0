import { createGrowingBytes, type GrowingBytes } from '../lib/growing-bytes.ts'
import type { OtlpRequest } from '../model/otlp.ts'
import { BadTelemetry, toNotJson } from './bad-telemetry.ts'
import { type JsonField, type JsonFields, jsonFieldsOf } from './json-fields.ts'
import { isInteger64, toInteger32, writeInteger64 } from './json-integers.ts'
import { DEPTH_MAX, REQUEST_TYPES } from './otlp-schema.ts'

// OTLP/JSON by the schema of the protobuf messages, written as the message that says the same, so
// that one decoder serves both. The protocol's own mapping: ids in hex, everything else as in proto3
// JSON. As lenient as the Collector: snake_case keys, enum names, numbers as text; unknown keys are
// ignored. In one walk over what JSON.parse gives, without a message object per item.

export interface JsonConverter {
  /**
   * The request in protobuf; good until the next call.
   * @throws BadTelemetry naming the place, such as `resourceSpans[0].scopeSpans[1].spans[7].kind`
   */
  toProtobuf(request: Pick<OtlpRequest, 'signal' | 'body'>): Buffer
}

export function createJsonConverter(): JsonConverter {
  return new Converter()
}

type Json = Readonly<Record<string, unknown>>

/** Lengths are written in two bytes when they fit, whether or not one would do, and else in five. */
const SHORT_BYTES = 2
const LONG_BYTES = 5
const SHORT_MAX = 2 ** 14 - 1
/** One huge request must not hold its room for ever. */
const KEPT_BYTES_MAX = 2 ** 23
const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/
const HEX = /^(?:[0-9a-fA-F]{2})*$/

class Converter implements JsonConverter {
  #out: GrowingBytes = createGrowingBytes()
  /** Of the message that is being written; what is wrong is within it. */
  #path: (string | number)[] = []

  toProtobuf({ signal, body }: Pick<OtlpRequest, 'signal' | 'body'>): Buffer {
    if (this.#out.bytes.length > KEPT_BYTES_MAX) this.#out = createGrowingBytes()
    this.#out.length = 0
    this.#path = []
    const json = parse(body)
    this.#writeFields(jsonFieldsOf(REQUEST_TYPES[signal]), json, 0)
    return this.#out.bytes.subarray(0, this.#out.length)
  }

  #writeFields(fields: JsonFields, json: unknown, depth: number): void {
    if (typeof json !== 'object' || json === null || Array.isArray(json)) this.#fail('an object')
    if (depth > DEPTH_MAX) throw new BadTelemetry('nested too deeply')
    const from = this.#out.length
    for (const key in json) {
      const field = fields.get(key)
      const value = (json as Json)[key]
      if (!field || value === null) continue
      if (key !== field.name && Object.hasOwn(json as Json, field.name)) {
        this.#out.length = from
        this.#writeFields(fields, withoutDoubles(fields, json as Json), depth)
        return
      }
      this.#path.push(key)
      if (field.isList) this.#writeList(field, value, depth + 1)
      else this.#writeOne(field, value, depth + 1)
      this.#path.pop()
    }
  }

  #writeList(field: JsonField, json: unknown, depth: number): void {
    if (!Array.isArray(json)) this.#fail('an array')
    const from = field.isPacked ? this.#open(field) : 0
    let index = 0
    for (const item of json as readonly unknown[]) {
      this.#path.push(index++)
      if (field.isPacked) this.#writeScalar(field, item)
      // An empty message may be written as null inside a list.
      else this.#writeOne(field, field.kind === 'message' ? (item ?? {}) : item, depth)
      this.#path.pop()
    }
    if (field.isPacked) this.#close(from)
  }

  #writeOne(field: JsonField, json: unknown, depth: number): void {
    if (field.kind === 'message') {
      const from = this.#open(field)
      this.#writeFields(field.fields(), json, depth)
      this.#close(from)
      return
    }
    this.#out.varint(field.tag)
    this.#writeScalar(field, json)
  }

  #writeScalar(field: JsonField, json: unknown): void {
    const out = this.#out
    switch (field.kind) {
      case 'string':
        out.text(typeof json === 'string' ? json : this.#fail('a string'))
        return
      case 'bool':
        out.byte(typeof json === 'boolean' ? Number(json) : this.#fail('true or false'))
        return
      case 'id':
        this.#writeId(json)
        return
      case 'bytes':
        this.#writeBytes(json)
        return
      case 'double':
        out.reserve(8)
        out.view.setFloat64(out.length, this.#toDouble(json), true)
        out.length += 8
        return
      case 'enum':
        this.#writeEnum(field, json)
        return
      default:
        this.#writeInteger(field, json)
    }
  }

  #writeId(json: unknown): void {
    const text = typeof json === 'string' && HEX.test(json) ? json : this.#fail('an id in hex')
    const out = this.#out
    const byteCount = text.length / 2
    out.varint(byteCount)
    out.reserve(byteCount)
    out.length += out.bytes.write(text, out.length, byteCount, 'hex')
  }

  #writeBytes(json: unknown): void {
    const isGood = typeof json === 'string' && BASE64.test(json)
    const bytes = Buffer.from(isGood ? json : this.#fail('bytes in base64'), 'base64')
    this.#out.varint(bytes.length)
    this.#out.copy(bytes, 0, bytes.length)
  }

  #toDouble(json: unknown): number {
    if (typeof json === 'number') return json
    if (typeof json !== 'string' || json.trim() === '') this.#fail('a number')
    const value = Number(json)
    return Number.isNaN(value) && json !== 'NaN' ? this.#fail('a number') : value
  }

  #writeEnum({ values }: JsonField, json: unknown): void {
    const named = typeof json === 'string' ? values.get(json) : toInteger32(json, true)
    const value =
      named ??
      this.#fail(typeof json === 'string' ? 'a known name or a number' : 'a 32-bit integer')
    writeInteger64(this.#out, 'int64', value)
  }

  #writeInteger({ kind }: JsonField, json: unknown): void {
    const out = this.#out
    switch (kind) {
      case 'fixed64':
      case 'sfixed64':
      case 'uint64':
      case 'int64': {
        const isUnsigned = kind === 'fixed64' || kind === 'uint64'
        const wanted = isUnsigned ? 'an unsigned 64-bit integer' : 'a 64-bit integer'
        writeInteger64(out, kind, isInteger64(json, isUnsigned) ? json : this.#fail(wanted))
        return
      }
      case 'sint32': {
        const value = toInteger32(json, true) ?? this.#fail('a 32-bit integer')
        out.varint(value >= 0 ? value * 2 : -value * 2 - 1)
        return
      }
      case 'fixed32':
        out.reserve(4)
        out.view.setUint32(
          out.length,
          toInteger32(json, false) ?? this.#fail('a 32-bit integer'),
          true,
        )
        out.length += 4
        return
      default:
        out.varint(toInteger32(json, false) ?? this.#fail('a 32-bit integer'))
    }
  }

  /** Begins a field whose length is not known yet; returns where its content begins. */
  #open({ tag }: JsonField): number {
    const out = this.#out
    out.varint(tag)
    out.reserve(SHORT_BYTES)
    out.length += SHORT_BYTES
    return out.length
  }

  #close(from: number): void {
    const out = this.#out
    const byteCount = out.length - from
    const at = from - SHORT_BYTES
    if (byteCount <= SHORT_MAX) {
      writeLength(out, { at, byteCount, size: SHORT_BYTES })
      return
    }
    const more = LONG_BYTES - SHORT_BYTES
    out.reserve(more)
    out.bytes.copyWithin(from + more, from, out.length)
    out.length += more
    writeLength(out, { at, byteCount, size: LONG_BYTES })
  }

  #fail(wanted: string): never {
    const place = this.#path.reduce<string>(
      (text, step) => text + (typeof step === 'number' ? `[${step}]` : `${text && '.'}${step}`),
      '',
    )
    throw new BadTelemetry(`${place || 'the body'}: expected ${wanted}`)
  }
}

function parse({ buffer, byteOffset, byteLength }: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(buffer, byteOffset, byteLength).toString('utf8'))
  } catch (fault) {
    throw new BadTelemetry(toNotJson(fault))
  }
}

/** Of a field in both spellings, the later one counts. */
function withoutDoubles(fields: JsonFields, json: Json): Json {
  const last = new Map<JsonField, readonly [string, unknown]>()
  for (const [key, value] of Object.entries(json)) {
    const field = fields.get(key)
    if (field && value !== null) last.set(field, [key, value])
  }
  return Object.fromEntries(last.values())
}

function writeLength(
  { bytes }: GrowingBytes,
  {
    at,
    byteCount,
    size,
  }: { readonly at: number; readonly byteCount: number; readonly size: number },
): void {
  for (let i = 0; i < size; i++)
    bytes[at + i] = ((byteCount >>> (7 * i)) & 0x7f) | (i < size - 1 ? 0x80 : 0)
}
