import protobuf from 'protobufjs'

// A Prometheus-like sender: `prometheus.WriteRequest` by a library from Prometheus' own field
// numbers (prompb/remote.proto, prompb/types.proto), and a Snappy compressor that finds repetitions.

const { root } = protobuf.parse(`syntax = "proto3";
  message WriteRequest { repeated TimeSeries timeseries = 1; repeated MetricMetadata metadata = 3; }
  message MetricMetadata {
    enum MetricType {
      UNKNOWN = 0; COUNTER = 1; GAUGE = 2; HISTOGRAM = 3; GAUGEHISTOGRAM = 4; SUMMARY = 5; INFO = 6;
      STATESET = 7;
    }
    MetricType type = 1; string metric_family_name = 2; string help = 4; string unit = 5;
  }
  message TimeSeries {
    repeated Label labels = 1; repeated Sample samples = 2; repeated Exemplar exemplars = 3;
    repeated Histogram histograms = 4;
  }
  message Label { string name = 1; string value = 2; }
  message Sample { double value = 1; int64 timestamp = 2; }
  message Exemplar { repeated Label labels = 1; double value = 2; int64 timestamp = 3; }
  message BucketSpan { sint32 offset = 1; uint32 length = 2; }
  message Histogram {
    oneof count { uint64 count_int = 1; double count_float = 2; }
    double sum = 3; sint32 schema = 4; double zero_threshold = 5;
    oneof zero_count { uint64 zero_count_int = 6; double zero_count_float = 7; }
    repeated BucketSpan negative_spans = 8; repeated sint64 negative_deltas = 9;
    repeated double negative_counts = 10;
    repeated BucketSpan positive_spans = 11; repeated sint64 positive_deltas = 12;
    repeated double positive_counts = 13;
    enum ResetHint { UNKNOWN = 0; YES = 1; NO = 2; GAUGE = 3; }
    ResetHint reset_hint = 14; int64 timestamp = 15; repeated double custom_values = 16;
  }`)
const WRITE_REQUEST = root.lookupType('WriteRequest')

export interface SeriesInput {
  readonly labels: Readonly<Record<string, string>>
  readonly samples?: readonly { readonly value: number; readonly timestamp: number }[]
  readonly histograms?: readonly object[]
}

export interface WriteInput {
  readonly series?: readonly SeriesInput[]
  readonly metadata?: readonly {
    readonly type: string
    readonly metricFamilyName: string
    readonly help?: string
    readonly unit?: string
  }[]
}

/** An inflated request. */
export function encodeWriteRequest({ series = [], metadata = [] }: WriteInput): Buffer {
  const message = WRITE_REQUEST.fromObject({
    timeseries: series.map(({ labels, ...rest }) => ({
      ...rest,
      labels: Object.entries(labels).map(([name, value]) => ({ name, value })),
    })),
    metadata,
  })
  return Buffer.from(WRITE_REQUEST.encode(message).finish())
}

/** The NaN that ends a series. A number would lose which NaN it is, so bytes are put in its place. */
export function withStale(body: Buffer, standIn: number): Buffer {
  const wanted = Buffer.alloc(8)
  wanted.writeDoubleLE(standIn)
  const stale = Buffer.from('020000000000f07f', 'hex')
  const at = body.indexOf(wanted)
  if (at < 0) throw new Error(`${standIn} is not in the body`)
  const copy = Buffer.from(body)
  stale.copy(copy, at)
  return copy
}

/** Raw Snappy: what was seen four bytes earlier or more becomes a copy, the rest literals. */
export function snappy(body: Uint8Array): Buffer {
  const out: number[] = []
  for (let rest = body.length; ; rest = Math.floor(rest / 128)) {
    out.push(rest < 128 ? rest : (rest % 128) | 0x80)
    if (rest < 128) break
  }
  const seen = new Map<string, number>()
  let literalFrom = 0
  const flush = (to: number) => {
    for (let at = literalFrom; at < to; at += 60) {
      const piece = body.subarray(at, Math.min(to, at + 60))
      out.push((piece.length - 1) << 2, ...piece)
    }
  }
  for (let at = 0; at + 4 <= body.length; ) {
    const key = Buffer.from(body.subarray(at, at + 4)).toString('latin1')
    const earlier = seen.get(key)
    seen.set(key, at)
    if (earlier === undefined || at - earlier > 65_535) {
      at++
      continue
    }
    let length = 4
    while (length < 64 && body[earlier + length] === body[at + length] && at + length < body.length)
      length++
    flush(at)
    const offset = at - earlier
    out.push(((length - 1) << 2) | 2, offset & 0xff, offset >> 8)
    at += length
    literalFrom = at
  }
  flush(body.length)
  return Buffer.from(out)
}
