import { BadTelemetry } from './bad-telemetry.ts'
import { type NativeHistogram, readHistogram } from './remote-write-histogram.ts'
import { readText } from './scope-facts.ts'
import { createWire, type Wire } from './wire.ts'
import { isStaleMarker, readInt64 } from './wire-values.ts'

// `prometheus.WriteRequest` of remote write 1.0, one series at a time: a request is never in memory
// as objects. Exemplars are skipped: Prometheus sends them apart from the samples that they belong
// to, so that there is no point to hang them on.

export interface SeriesMessage {
  /** In the order of the bytes; without empty values, which mean that there is no such label. */
  readonly labels: readonly (readonly [name: string, value: string])[]
  readonly samples: readonly Sample[]
  readonly histograms: readonly NativeHistogram[]
}

export interface Sample {
  readonly unixMs: number
  readonly value: number
  /** The series has ended: "no value", not a number. */
  readonly isStale: boolean
}

export interface MetadataMessage {
  /** `MetricMetadata.MetricType`: 1 counter, 2 gauge, 3 histogram, 5 summary, … */
  readonly type: number
  readonly family: string
  readonly help: string
  readonly unit: string
}

export interface WriteRequestVisitor {
  series(series: SeriesMessage): void
  metadata(metadata: MetadataMessage): void
}

/** Of a series; Prometheus itself has a dozen. */
const LABELS_MAX = 256

/**
 * @param itemsMax samples and histograms that one series may have
 * @throws BadTelemetry for bytes that are no such message
 */
export function readWriteRequest(
  body: Uint8Array,
  visitor: WriteRequestVisitor,
  itemsMax: number,
): void {
  const wire = createWire()
  wire.open(Buffer.from(body.buffer, body.byteOffset, body.byteLength))
  for (const end = body.length; wire.at < end; ) {
    const tag = wire.varint(end)
    if (tag === 10) visitor.series(readSeries(wire, wire.lengthEnd(end), itemsMax))
    else if (tag === 26) visitor.metadata(readMetadata(wire, wire.lengthEnd(end)))
    else wire.skip(tag, end)
  }
}

// Numbers in comparisons are field number × 8 + wire type, of the messages of `prometheus.*`. Each
// reader leaves the wire where its message ends.

function readSeries(wire: Wire, end: number, itemsMax: number): SeriesMessage {
  const labels: (readonly [string, string])[] = []
  const samples: Sample[] = []
  const histograms: NativeHistogram[] = []
  while (wire.at < end) {
    const tag = wire.varint(end)
    if (tag === 10) {
      const label = readLabel(wire, wire.lengthEnd(end))
      if (label[1] !== '') labels.push(label)
      if (labels.length > LABELS_MAX)
        throw new BadTelemetry(`a series with more than ${LABELS_MAX} labels`)
    } else if (tag === 18) samples.push(readSample(wire, wire.lengthEnd(end)))
    else if (tag === 34) histograms.push(readHistogram(wire, wire.lengthEnd(end)))
    else wire.skip(tag, end)
    if (samples.length + histograms.length > itemsMax)
      throw new BadTelemetry(`more than ${itemsMax} samples`)
  }
  return { labels, samples, histograms }
}

function readLabel(wire: Wire, end: number): readonly [string, string] {
  let name = ''
  let value = ''
  while (wire.at < end) {
    const tag = wire.varint(end)
    if (tag === 10) name = readText(wire, end)
    else if (tag === 18) value = readText(wire, end)
    else wire.skip(tag, end)
  }
  return [name, value]
}

function readSample(wire: Wire, end: number): Sample {
  let unixMs = 0
  let value = 0
  let isStale = false
  while (wire.at < end) {
    const tag = wire.varint(end)
    if (tag === 9) {
      const at = wire.take(8, end)
      value = wire.view.getFloat64(at, true)
      isStale = isStaleMarker(wire, at)
    } else if (tag === 16) unixMs = readInt64(wire, end)
    else wire.skip(tag, end)
  }
  return { unixMs, value, isStale }
}

function readMetadata(wire: Wire, end: number): MetadataMessage {
  let [type, family, help, unit] = [0, '', '', '']
  while (wire.at < end) {
    const tag = wire.varint(end)
    if (tag === 8) type = wire.varint(end)
    else if (tag === 18) family = readText(wire, end)
    else if (tag === 34) help = readText(wire, end)
    else if (tag === 42) unit = readText(wire, end)
    else wire.skip(tag, end)
  }
  return { type, family, help, unit }
}
