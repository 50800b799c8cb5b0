// What every table has in common.

export interface SchemaOptions {
  readonly retentionMs: number
}

/** Column and index lines, keys and the expression of a row's time, for `renderTable`. */
interface TableShape {
  readonly table: string
  readonly lines: readonly string[]
  readonly engine?: 'MergeTree' | 'AggregatingMergeTree'
  readonly partitionBy: string
  readonly primaryKey?: string
  readonly orderBy: string
  /** A DateTime; rows go away one retention after it. */
  readonly time: string
}

/**
 * - The deduplication window makes a retried insert harmless; views need it on their target too.
 *   1000 blocks are a quarter of an hour of one insert per second.
 * - The fsync settings make an acknowledged insert survive a power loss: the write-ahead log
 *   deletes its segment after that answer.
 * - Whole parts are dropped by TTL, never rewritten for it.
 */
const SETTINGS = [
  'index_granularity = 8192',
  'ttl_only_drop_parts = 1',
  'non_replicated_deduplication_window = 1000',
  'fsync_after_insert = 1',
  'fsync_part_directory = 1',
].join(', ')

/** A DateTime ends in 2106: a longer retention would wrap around and delete everything. */
const RETENTION_S_MAX = 50 * 365 * 86_400

export function renderTtl(time: string, { retentionMs }: SchemaOptions): string {
  const seconds = Math.min(RETENTION_S_MAX, Math.max(1, Math.ceil(retentionMs / 1_000)))
  return `${time} + toIntervalSecond(${seconds})`
}

export function renderTable(shape: TableShape, options: SchemaOptions): string {
  return [
    `CREATE TABLE IF NOT EXISTS ${shape.table} (`,
    shape.lines.map((line) => `  ${line}`).join(',\n'),
    `) ENGINE = ${shape.engine ?? 'MergeTree'} PARTITION BY ${shape.partitionBy}`,
    shape.primaryKey && `PRIMARY KEY (${shape.primaryKey})`,
    `ORDER BY (${shape.orderBy})`,
    `TTL ${renderTtl(shape.time, options)}`,
    `SETTINGS ${SETTINGS}`,
  ]
    .filter(Boolean)
    .join('\n')
}

/** The codec of nearly every column, and the column types that recur. */
export const ZSTD = 'CODEC(ZSTD(1))'
export const TEXT = `String ${ZSTD}`
export const LOW = `LowCardinality(String) ${ZSTD}`
export const MAP = 'Map(LowCardinality(String), String)'

/** 16-byte ids and the like: one in a thousand granules is read in vain. */
export const bloomOf = (name: string, expression: string, rate = 0.01): string =>
  `INDEX ${name} ${expression} TYPE bloom_filter(${rate}) GRANULARITY 1`
