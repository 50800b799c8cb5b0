import { bloomOf, renderTable, type SchemaOptions } from './schema-table.ts'

// Tables of our own: what reports and evidence are computed from. Attempts and requests come from
// telemetry; the rest is the journal of what Signalbox decided and did.

interface OwnTable {
  readonly table: string
  readonly lines: readonly string[]
  readonly orderBy: string
  /** Column of a row's time. */
  readonly time: string
}

const LC = 'LowCardinality(String) CODEC(ZSTD(1))'
const TEXT = 'String CODEC(ZSTD(1))'
const NANOSECONDS = 'DateTime64(9) CODEC(Delta(8), ZSTD(1))'
const MILLISECONDS = 'DateTime64(3) CODEC(Delta(8), ZSTD(1))'

const columns = (type: string, names: string) => names.split(' ').map((name) => `${name} ${type}`)

const TIMES = [`Timestamp ${NANOSECONDS}`, `EndTime ${NANOSECONDS}`, `ReceivedAt ${MILLISECONDS}`]
const IDS = columns(TEXT, 'TraceId SpanId RequestId')
const WORK = [
  ...columns(LC, 'Router Outcome ErrorType'),
  'StatusCode UInt16',
  `Generation ${LC}`,
  `Session ${TEXT}`,
  ...columns(LC, 'Model Region Tenant Tier Class Variant'),
  'Images UInt32',
  'Cost Float64 CODEC(ZSTD(1))',
  'Weight Float64 CODEC(ZSTD(1))',
]
const ID_INDEXES = [
  bloomOf('idx_trace_id', 'TraceId', 0.001),
  bloomOf('idx_request_id', 'RequestId', 0.001),
]

export const OWN_TABLES: readonly OwnTable[] = [
  {
    // One try of a request on one target.
    table: 'signalbox_attempts',
    lines: [...TIMES, ...IDS, ...columns(LC, 'Route Target Role'), ...WORK, ...ID_INDEXES],
    orderBy: 'Route, Timestamp',
    time: 'Timestamp',
  },
  {
    // One logical request. Outcome as known when it arrived: what comes later may change it, see
    // `reviseOwnTables`; and readers join attempts by RequestId.
    table: 'signalbox_requests',
    lines: [
      ...TIMES,
      ...IDS,
      `Route ${LC}`,
      ...WORK,
      ...columns(LC, 'FinalTarget FinalRole'),
      'AttemptCount UInt16',
      'AbandonedAfterMs Float64 CODEC(ZSTD(1))',
      ...ID_INDEXES,
    ],
    orderBy: 'Route, Timestamp',
    time: 'Timestamp',
  },
  {
    table: 'signalbox_transitions',
    lines: [
      `At ${MILLISECONDS}`,
      ...columns(LC, 'Route Kind FromState ToState'),
      ...columns('UInt64', 'Epoch Generation Version'),
      ...columns(TEXT, 'Text Incident Evidence Data'),
    ],
    orderBy: 'Route, At',
    time: 'At',
  },
  {
    table: 'signalbox_deliveries',
    lines: [
      `At ${MILLISECONDS}`,
      ...columns(TEXT, 'DeliveryId Subscription'),
      ...columns(LC, 'Router Route'),
      ...columns('UInt64', 'Epoch Generation Version'),
      `State ${LC}`,
      'Status UInt16',
      'DurationMs Float64',
      `Error ${TEXT}`,
      'ClockOffsetMs Nullable(Float64)',
    ],
    orderBy: 'Route, At',
    time: 'At',
  },
  {
    table: 'signalbox_rule_evaluations',
    lines: [
      `At ${MILLISECONDS}`,
      `Rule ${LC}`,
      '`By` Map(LowCardinality(String), LowCardinality(String)) CODEC(ZSTD(1))',
      `State ${LC}`,
      'Value Nullable(Float64)',
      'Threshold Nullable(Float64)',
      'Count UInt64',
      `Watermark ${MILLISECONDS}`,
      `Reason ${TEXT}`,
      `Severity ${LC}`,
    ],
    orderBy: 'Rule, At',
    time: 'At',
  },
  {
    table: 'signalbox_incidents',
    lines: [
      `At ${MILLISECONDS}`,
      `Id ${TEXT}`,
      ...columns(LC, 'Phase Route State Severity'),
      ...columns(TEXT, 'Title Document'),
    ],
    orderBy: 'Id, At',
    time: 'At',
  },
]

/**
 * Verdicts about quality, whenever they come. Readers join the request by RequestId: Route and Target
 * are '' where they were not known yet. Of verdicts of one name the newest Timestamp counts.
 */
export const QUALITY_TABLE: OwnTable = {
  table: 'signalbox_quality',
  lines: [
    `Timestamp ${NANOSECONDS}`,
    `ReceivedAt ${MILLISECONDS}`,
    ...columns(TEXT, 'TraceId RequestId'),
    ...columns(LC, 'Name Route Target'),
    'Value Float64 CODEC(ZSTD(1))',
    // 1 flagged, 0 not flagged, -1: a number, not a flag.
    'Flagged Int8',
    bloomOf('idx_request_id', 'RequestId', 0.001),
  ],
  orderBy: 'Name, Timestamp',
  time: 'Timestamp',
}

/**
 * What is learnt later about an attempt or a request is one more row: of those with one (Timestamp,
 * TraceId, SpanId) the highest Revision counts. A sender that repeats itself gives equal rows.
 */
export const reviseOwnTables = (options: SchemaOptions): readonly string[] => [
  ...renderOwnTables([QUALITY_TABLE], options),
  'ALTER TABLE signalbox_attempts ADD COLUMN IF NOT EXISTS Revision UInt64 CODEC(ZSTD(1))',
  'ALTER TABLE signalbox_requests ADD COLUMN IF NOT EXISTS Revision UInt64 CODEC(ZSTD(1))',
  `ALTER TABLE signalbox_requests ADD COLUMN IF NOT EXISTS Form ${LC}`,
]

export const createOwnTables = (options: SchemaOptions): readonly string[] =>
  renderOwnTables(OWN_TABLES, options)

const renderOwnTables = (tables: readonly OwnTable[], options: SchemaOptions) =>
  tables.map(({ table, lines, orderBy, time }) =>
    renderTable(
      {
        table,
        lines,
        partitionBy: `toDate(${time})`,
        orderBy,
        time: `toDateTime(${time})`,
      },
      options,
    ),
  )
