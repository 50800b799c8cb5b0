import { afterAll, beforeAll, expect, test } from 'vitest'
import { migrate } from '../../src/store/migrate.ts'
import { MIGRATIONS } from '../../src/store/schema.ts'
import { startDatabase, type TestDatabase } from './database.ts'

let database: TestDatabase
beforeAll(async () => {
  database = await startDatabase()
})
afterAll(() => database.stop())

// The columns that readers of the Collector's exporter rely on, and those of our own that the
// report and the dashboards read. Written out: a test that derives them would prove nothing.
const METRIC_HEAD =
  'ResourceAttributes ResourceSchemaUrl ScopeName ScopeVersion ScopeAttributes ' +
  'ScopeDroppedAttrCount ScopeSchemaUrl ServiceName MetricName MetricDescription MetricUnit ' +
  'Attributes StartTimeUnix TimeUnix EventAt SeenAt'
const EXEMPLARS =
  'Exemplars.FilteredAttributes Exemplars.TimeUnix Exemplars.Value Exemplars.SpanId Exemplars.TraceId'
const COLUMNS: Record<string, string> = {
  otel_traces:
    'Timestamp TraceId SpanId ParentSpanId TraceState SpanName SpanKind ServiceName ' +
    'ResourceAttributes ScopeName ScopeVersion SpanAttributes Duration StatusCode StatusMessage ' +
    'Events.Timestamp Events.Name Events.Attributes Links.TraceId Links.SpanId Links.TraceState ' +
    'Links.Attributes ResourceAttributeItems SpanAttributeItems SeenAt',
  otel_traces_trace_id_ts: 'TraceId Start End',
  otel_logs:
    'Timestamp TraceId SpanId TraceFlags SeverityText SeverityNumber ServiceName Body ' +
    'ResourceSchemaUrl ResourceAttributes ScopeSchemaUrl ScopeName ScopeVersion ScopeAttributes ' +
    'LogAttributes EventName __otel_materialized_k8s.cluster.name ' +
    '__otel_materialized_k8s.container.name __otel_materialized_k8s.deployment.name ' +
    '__otel_materialized_k8s.namespace.name __otel_materialized_k8s.node.name ' +
    '__otel_materialized_k8s.pod.name __otel_materialized_k8s.pod.uid ' +
    '__otel_materialized_deployment.environment.name SeenAt',
  otel_metrics_gauge: `${METRIC_HEAD} Value Flags ${EXEMPLARS}`,
  otel_metrics_sum: `${METRIC_HEAD} Value AggregationTemporality IsMonotonic Flags ${EXEMPLARS}`,
  otel_metrics_histogram: `${METRIC_HEAD} Count Sum BucketCounts ExplicitBounds Min Max AggregationTemporality Flags ${EXEMPLARS}`,
  otel_metrics_exponential_histogram: `${METRIC_HEAD} Count Sum Scale ZeroCount PositiveOffset PositiveBucketCounts NegativeOffset NegativeBucketCounts Min Max AggregationTemporality Flags ${EXEMPLARS}`,
  otel_metrics_summary: `${METRIC_HEAD} Count Sum ValueAtQuantiles.Quantile ValueAtQuantiles.Value Flags`,
  signalbox_attempts:
    'Timestamp EndTime ReceivedAt TraceId SpanId RequestId Route Target Role Router Outcome ' +
    'ErrorType StatusCode Generation Session Model Region Tenant Tier Class Variant Images Cost Weight Revision ' +
    'SeenAt Samples',
  signalbox_requests:
    'Timestamp EndTime ReceivedAt TraceId SpanId RequestId Route Router Outcome ErrorType ' +
    'StatusCode Generation Session Model Region Tenant Tier Class Variant Images Cost Weight ' +
    'FinalTarget FinalRole AttemptCount AbandonedAfterMs Revision Form SeenAt Samples',
  signalbox_quality: 'Timestamp ReceivedAt TraceId RequestId Name Route Target Value Flagged',
  signalbox_transitions:
    'At Route Kind FromState ToState Epoch Generation Version Text Incident Evidence Data SeenAt',
  signalbox_deliveries:
    'At DeliveryId Subscription Router Route Epoch Generation Version State Status DurationMs ' +
    'Error ClockOffsetMs',
  signalbox_rule_evaluations:
    'At Rule By State Value Threshold Count Watermark Reason Severity SeenAt Effect Refused',
  signalbox_arrivals: 'SeenAt Source Component NewestMs Units Items Resource',
  signalbox_router_statuses:
    'SeenAt Kind Router BootId Route Target Started Ok Failed Rejected Cancelled Inflight OldestMs Observed ClockMs',
  signalbox_incidents: 'At Id Phase Route State Severity Title Document',
}

test.for(Object.entries(COLUMNS))('%s has exactly its columns', async ([table, names]) => {
  const rows = await database.clickhouse.query<{ name: string }>(
    'SELECT name FROM system.columns WHERE database = currentDatabase() AND table = {table:String}',
    { table },
  )
  expect(rows.map(({ name }) => name).sort()).toEqual(names.split(' ').sort())
})

test.for([
  ['otel_traces', 'Timestamp', 'DateTime64(9)'],
  ['otel_traces', 'SpanAttributes', 'Map(LowCardinality(String), String)'],
  ['otel_traces', 'Events.Name', 'Array(LowCardinality(String))'],
  ['otel_traces', 'Duration', 'UInt64'],
  ['otel_logs', 'SeverityNumber', 'UInt8'],
  ['otel_metrics_sum', 'IsMonotonic', 'Bool'],
  ['otel_metrics_gauge', 'TimeUnix', 'DateTime'],
  ['signalbox_deliveries', 'ClockOffsetMs', 'Nullable(Float64)'],
  ['signalbox_rule_evaluations', 'By', 'Map(LowCardinality(String), LowCardinality(String))'],
  ['signalbox_attempts', 'Timestamp', 'DateTime64(9)'],
])('%s.%s is a %s', async ([table, column, type]) => {
  const rows = await database.clickhouse.query(
    `SELECT type FROM system.columns
     WHERE database = currentDatabase() AND table = {table:String} AND name = {column:String}`,
    { table, column },
  )
  expect(rows).toEqual([{ type }])
})

const span = (id: number) => ({
  Timestamp: '2026-01-11 14:26:37.312000000',
  TraceId: `trace-${id}`,
  SpanId: 'span',
  SpanName: 'render',
  ServiceName: 'router',
  SpanAttributes: { 'signalbox.route': 'preview' },
  'Events.Timestamp': ['2026-01-11 14:26:37.400000000'],
  'Events.Name': ['exception'],
  'Events.Attributes': [{ 'exception.type': 'Timeout' }],
})

test('a token stores rows once, in the table and in the target of its view', async () => {
  const { clickhouse } = database
  const rows = [span(1), span(2)]
  for (const token of ['t-1', 't-1', 't-2', 't-1']) {
    await clickhouse.insert({ table: 'otel_traces', rows, token })
  }
  const counted = await clickhouse.query(`SELECT
    (SELECT count() FROM otel_traces) AS spans,
    (SELECT count() FROM otel_traces_trace_id_ts) AS traces`)
  expect(counted).toEqual([{ spans: 4, traces: 4 }])
})

test('a trace is found through the key of the lookup, also when that was built again', async () => {
  const { clickhouse } = database
  const rows = [{ ...span(7), TraceId: 'sought' }, { ...span(8), TraceId: 'sought' }, span(9)]
  await clickhouse.insert({ table: 'otel_traces', rows, token: 'sought' })
  const count = `SELECT count() AS n, (SELECT count() FROM otel_traces WHERE TraceId != '') AS all
    FROM otel_traces_trace_id_ts`
  const before = await clickhouse.query<{ n: number; all: number }>(count)
  expect(before[0]?.n).toBe(before[0]?.all)
  const lookup = MIGRATIONS.find(({ name }) => name === 'traces looked up by a part of the hash')
  for (const statement of lookup?.statements({ retentionMs: 3650 * 86_400_000 }) ?? [])
    await clickhouse.command(statement)
  expect(await clickhouse.query(count)).toEqual(before)
  const sought = "FROM otel_traces_trace_id_ts WHERE TraceId = 'sought'"
  expect(await clickhouse.query(`SELECT count() AS n ${sought}`)).toEqual([{ n: 2 }])
  const plan = await clickhouse.query<{ explain: string }>(
    `EXPLAIN indexes = 1 SELECT Start ${sought}`,
  )
  expect(plan.map(({ explain }) => explain).join()).toMatch(
    /Condition: \(modulo\(cityHash64\(TraceId\), 8192\) in/,
  )
})

test('an insert goes in whole or not at all, also when its last row is wrong', async () => {
  const { clickhouse } = database
  const rows = Array.from({ length: 3_000 }, (_, n) => ({ At: '2026-01-11 14:00:00', Id: `w${n}` }))
  const wrong = [
    { row: { Id: 1n }, message: 'a row is no JSON' },
    { row: { At: 'tomorrow' }, message: 'ClickHouse refused' },
  ]
  for (const { row, message } of wrong) {
    const insertion = { table: 'signalbox_incidents', rows: [...rows, row], token: message }
    await expect(clickhouse.insert(insertion)).rejects.toMatchObject({
      code: 'CLICKHOUSE_QUERY_FAILED',
      message: expect.stringContaining(message),
    })
  }
  const count = "SELECT count() AS n FROM signalbox_incidents WHERE startsWith(Id, 'w')"
  expect(await clickhouse.query(count)).toEqual([{ n: 0 }])
  await clickhouse.insert({ table: 'signalbox_incidents', rows, token: 'right' })
  expect(await clickhouse.query(count)).toEqual([{ n: 3_000 }])
})

test.for(Object.keys(COLUMNS))('%s remembers tokens', async (table) => {
  const [row] = await database.clickhouse.query<{ engine_full: string }>(
    'SELECT engine_full FROM system.tables WHERE database = currentDatabase() AND name = {table:String}',
    { table },
  )
  expect(row?.engine_full).toContain('non_replicated_deduplication_window = 1000')
})

test('rows of the journal take ISO times and plain ones alike', async () => {
  const { clickhouse } = database
  const rows = ['2026-01-11 14:26:37.312', '2026-01-11T14:26:37.312Z'].map((At) => ({
    At,
    Id: 'i',
  }))
  await clickhouse.insert({ table: 'signalbox_incidents', rows, token: 'iso' })
  expect(
    await clickhouse.query("SELECT DISTINCT At FROM signalbox_incidents WHERE Id = 'i'"),
  ).toEqual([{ At: '2026-01-11 14:26:37.312' }])
})

test('migrating again changes nothing, and another retention changes every TTL', async () => {
  const { clickhouse } = database
  const tables = async (text: string) =>
    (
      await clickhouse.query(
        `SELECT name FROM system.tables
         WHERE database = currentDatabase() AND position(create_table_query, {text:String}) > 0`,
        { text },
      )
    ).length
  const count = Object.keys(COLUMNS).length
  expect(await tables(`toIntervalSecond(${3650 * 86_400})`)).toBe(count)
  await migrate(clickhouse, { retentionMs: 7_200_000_000 })
  expect(await tables('toIntervalSecond(7200000)')).toBe(count)
  const versions = await clickhouse.query('SELECT Version, Name FROM signalbox_migrations')
  expect(versions).toHaveLength(MIGRATIONS.length)
})

test('a server without a setting of merges goes without it; all else must succeed', async () => {
  const { clickhouse } = database
  const migrateWithout = async (text: string) => {
    const command = (sql: string) => clickhouse.command(sql.replace(text, 'not_known_yet'))
    await clickhouse.command('TRUNCATE TABLE signalbox_migrations')
    await migrate({ ...clickhouse, command }, { retentionMs: 7_200_000_000 })
  }
  await migrateWithout('auto_statistics_types')
  const versions = await clickhouse.query('SELECT max(Version) AS n FROM signalbox_migrations')
  expect(versions).toEqual([{ n: MIGRATIONS.length }])
  await expect(migrateWithout('MODIFY COLUMN')).rejects.toMatchObject({
    code: 'CLICKHOUSE_QUERY_FAILED',
  })
})

test('a schema of a newer Signalbox is refused', async () => {
  const { clickhouse } = database
  await clickhouse.insert({
    table: 'signalbox_migrations',
    rows: [{ Version: 99, Name: 'the future' }],
    token: 'future',
  })
  await expect(migrate(clickhouse, { retentionMs: 1 })).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining('version 99'),
  })
})
