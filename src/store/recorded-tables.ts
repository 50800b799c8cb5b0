// Tables of items, by their signal.

export const POINT_TABLES = [
  'otel_metrics_gauge',
  'otel_metrics_sum',
  'otel_metrics_histogram',
  'otel_metrics_exponential_histogram',
  'otel_metrics_summary',
] as const
export type PointTable = (typeof POINT_TABLES)[number]
export type ItemTable = PointTable | 'otel_traces' | 'otel_logs'
