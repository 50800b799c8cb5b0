// What every decoded OTLP request is made of, as both readers (protobuf and JSON) build it:
// absent scalars have their default, absent messages are null, absent lists are empty.

/** A 64-bit integer in two signed halves, as the protobuf library keeps it. */
export interface Int64 {
  readonly low: number
  readonly high: number
  readonly unsigned: boolean
}

/** `value` names the field that is set; undefined for an empty value, which is legal. */
export interface AnyValue {
  readonly value?:
    | 'stringValue'
    | 'boolValue'
    | 'intValue'
    | 'doubleValue'
    | 'arrayValue'
    | 'kvlistValue'
    | 'bytesValue'
    | undefined
  readonly stringValue: string
  readonly boolValue: boolean
  readonly intValue: Int64
  readonly doubleValue: number
  readonly arrayValue: { readonly values: readonly AnyValue[] } | null
  readonly kvlistValue: { readonly values: readonly KeyValue[] } | null
  readonly bytesValue: Uint8Array
}

/** A value of which no field is set. */
export const EMPTY_VALUE: AnyValue = {
  stringValue: '',
  boolValue: false,
  intValue: { low: 0, high: 0, unsigned: false },
  doubleValue: 0,
  arrayValue: null,
  kvlistValue: null,
  bytesValue: new Uint8Array(),
}

export interface KeyValue {
  readonly key: string
  readonly value: AnyValue | null
}

export interface Resource {
  readonly attributes: readonly KeyValue[]
}

export interface Scope {
  readonly name: string
  readonly version: string
  readonly attributes: readonly KeyValue[]
  readonly droppedAttributesCount: number
}
