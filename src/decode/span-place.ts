import type { FieldValue } from '../model/observation.ts'

export interface AttributesView {
  /** Undefined when it is absent, or private and dropped. */
  get(key: string): FieldValue | undefined
  /** Of all that `get` may know. */
  names(): Iterable<string>
}

export interface EventView {
  readonly name: string
  readonly unixNs: bigint
  readonly attributes: AttributesView
}

export interface SpanPlace {
  readonly bytes: Buffer
  /** Of the `Span` message. */
  readonly from: number
  readonly to: number
}
