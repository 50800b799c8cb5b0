import type { Int64, KeyValue, Resource, Scope } from '../decode/value-message.ts'
import type { Exemplar, Numeric } from './naive-exemplar-message.ts'

export interface MetricsRequest {
  readonly resourceMetrics: readonly {
    readonly resource: Resource | null
    readonly scopeMetrics: readonly {
      readonly scope: Scope | null
      readonly metrics: readonly Metric[]
      readonly schemaUrl: string
    }[]
    readonly schemaUrl: string
  }[]
}

/** `data` names the field that is set; undefined for a kind that this schema does not know. */
export interface Metric {
  readonly name: string
  readonly description: string
  readonly unit: string
  readonly data?: 'gauge' | 'sum' | 'histogram' | 'exponentialHistogram' | 'summary' | undefined
  readonly gauge: { readonly dataPoints: readonly NumberPoint[] } | null
  readonly sum:
    | ({ readonly dataPoints: readonly NumberPoint[]; readonly isMonotonic: boolean } & Temporal)
    | null
  readonly histogram: ({ readonly dataPoints: readonly HistogramPoint[] } & Temporal) | null
  readonly exponentialHistogram:
    | ({ readonly dataPoints: readonly ExponentialPoint[] } & Temporal)
    | null
  readonly summary: { readonly dataPoints: readonly SummaryPoint[] } | null
}

interface Temporal {
  readonly aggregationTemporality: number
}

/** What points of every kind have. */
export interface Point {
  readonly startTimeUnixNano: Int64
  readonly timeUnixNano: Int64
  readonly attributes: readonly KeyValue[]
  readonly flags: number
}

export interface NumberPoint extends Point, Numeric {
  readonly exemplars: readonly Exemplar[]
}

interface Distribution extends Point {
  readonly count: Int64
  readonly sum: number
}

export interface HistogramPoint extends Distribution {
  readonly bucketCounts: readonly Int64[]
  readonly explicitBounds: readonly number[]
  readonly exemplars: readonly Exemplar[]
  readonly min: number
  readonly max: number
}

export interface ExponentialPoint extends Distribution {
  readonly scale: number
  readonly zeroCount: Int64
  readonly positive: Buckets | null
  readonly negative: Buckets | null
  readonly exemplars: readonly Exemplar[]
  readonly min: number
  readonly max: number
}

interface Buckets {
  readonly offset: number
  readonly bucketCounts: readonly Int64[]
}

export interface SummaryPoint extends Distribution {
  readonly quantileValues: readonly { readonly quantile: number; readonly value: number }[]
}
