import type { Int64, KeyValue } from '../decode/value-message.ts'

/** A number in either of its forms; 0 when the sender set neither. */
export interface Numeric {
  readonly value?: 'asDouble' | 'asInt' | undefined
  readonly asDouble: number
  readonly asInt: Int64
}

export interface Exemplar extends Numeric {
  readonly timeUnixNano: Int64
  readonly spanId: Uint8Array
  readonly traceId: Uint8Array
  readonly filteredAttributes: readonly KeyValue[]
}
