import type { Interner } from '../lib/interner.ts'
import { createPlainColumn, type NativeColumn } from '../lib/native-column.ts'
import { createMapColumn } from '../lib/native-map.ts'
import { createNested } from '../lib/native-nested.ts'
import { pushSeconds } from './column-writes.ts'
import { pushSpanId, pushTraceId } from './hex.ts'
import type { MapWriter } from './map-writer.ts'
import { pushDouble } from './number-writes.ts'
import type { PairList } from './pairs.ts'
import { scanId } from './span-scan.ts'
import { BYTES, FIXED64, type Wire } from './wire.ts'

export interface ExemplarOptions {
  readonly interner: Interner
  readonly writer: MapWriter
  /** Of exemplars. */
  readonly pairs: PairList
}

/** The exemplars of data points: nested columns that most metrics tables have. */
export interface Exemplars {
  readonly columns: readonly NativeColumn[]
  /** One row: the messages that begin and end at these places. */
  push(wire: Wire, scan: { readonly exemplars: readonly number[] }): void
}

/** 0 when the sender set neither. */
export function numberAt({ view }: Wire, scan: { valueAt: number; isInteger: boolean }): number {
  if (scan.valueAt < 0) return 0
  return scan.isInteger
    ? Number(view.getBigInt64(scan.valueAt, true))
    : view.getFloat64(scan.valueAt, true)
}

export function createExemplars({ interner, writer, pairs }: ExemplarOptions): Exemplars {
  const attributes = createMapColumn('Exemplars.FilteredAttributes', interner)
  const time = createPlainColumn('Exemplars.TimeUnix', 'DateTime')
  const value = createPlainColumn('Exemplars.Value', 'Float64')
  const spanId = createPlainColumn('Exemplars.SpanId', 'String')
  const traceId = createPlainColumn('Exemplars.TraceId', 'String')
  const nested = createNested([attributes, time, value, spanId, traceId])
  const pushOne = (wire: Wire, end: number) => {
    const scan = { timeAt: -1, valueAt: -1, isInteger: false, spanAt: -1, traceAt: -1 }
    pairs.start()
    while (wire.at < end) {
      const tag = wire.tag(end)
      if (tag === 7 * 8 + BYTES) pairs.read(wire, tag, end)
      else if (tag === 2 * 8 + FIXED64) scan.timeAt = wire.take(8, end)
      else if (tag === 3 * 8 + FIXED64 || tag === 6 * 8 + FIXED64) {
        scan.valueAt = wire.take(8, end)
        scan.isInteger = tag === 6 * 8 + FIXED64
      } else if (tag === 4 * 8 + BYTES) scan.spanAt = scanId(wire, end, 8)
      else if (tag === 5 * 8 + BYTES) scan.traceAt = scanId(wire, end, 16)
      else wire.skip(tag, end)
    }
    const { bytes } = wire
    writer.write(attributes, pairs, { wire, isPrompt: false })
    pushSeconds(time, wire.view, scan.timeAt)
    pushDouble(value.data, numberAt(wire, scan))
    pushSpanId(spanId, bytes, scan.spanAt)
    pushTraceId(traceId, bytes, scan.traceAt)
  }
  return {
    columns: nested.columns,
    push(wire, { exemplars }) {
      for (let i = 0; i < exemplars.length; i += 2) {
        wire.at = exemplars[i] as number
        pushOne(wire, exemplars[i + 1] as number)
      }
      nested.endRow(exemplars.length / 2)
    },
  }
}
