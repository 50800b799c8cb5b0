import { AppError } from '../lib/errors.ts'
import { type ClickHouse, clickHouseCodeOf } from './clickhouse.ts'
import { MIGRATIONS, RETAINED_TABLES } from './schema.ts'
import { renderTtl } from './schema-table.ts'

// Migrations only ever go forward; each is recorded when all its statements have run, and every
// statement can run twice, so that one which was cut off is simply run again.

/**
 * Brings the database of `clickhouse` to the newest schema, creating it when it is missing, and its
 * TTLs to `retentionMs`. Safe to call at every start.
 *
 * @throws AppError CONFIG_INVALID when a newer Signalbox has already migrated further
 */
export async function migrate(
  clickhouse: ClickHouse,
  options: { readonly retentionMs: number },
): Promise<void> {
  await clickhouse.ensureDatabase()
  await clickhouse.command(`CREATE TABLE IF NOT EXISTS signalbox_migrations (
    Version UInt32, Name String, AppliedAt DateTime DEFAULT now()
  ) ENGINE = ReplacingMergeTree ORDER BY Version`)
  const applied = await clickhouse.query<{ Version: number }>(
    'SELECT DISTINCT Version FROM signalbox_migrations ORDER BY Version',
  )
  const done = new Set(applied.map(({ Version }) => Version))
  const newest = MIGRATIONS.length
  const ahead = [...done].filter((version) => version > newest)
  if (ahead.length > 0) {
    throw new AppError(
      'CONFIG_INVALID',
      `the database ${clickhouse.database} has schema version ${Math.max(...ahead)}, this ` +
        `Signalbox knows ${newest}: run a newer Signalbox, or use another database`,
    )
  }
  for (const [index, { name, statements }] of MIGRATIONS.entries()) {
    const version = index + 1
    if (done.has(version)) continue
    for (const statement of statements(options)) await run(clickhouse, statement)
    await clickhouse.insert({
      table: 'signalbox_migrations',
      rows: [{ Version: version, Name: name }],
      token: `migration-${version}`,
    })
  }
  await applyRetention(clickhouse, options)
}

const UNKNOWN_SETTING = 115

/** An older server has not all settings by which merges are tuned; it merges more, and that is all. */
async function run(clickhouse: ClickHouse, statement: string): Promise<void> {
  try {
    await clickhouse.command(statement)
  } catch (fault) {
    const isTuning = /\bMODIFY SETTING\b/.test(statement)
    if (!isTuning || clickHouseCodeOf(fault) !== UNKNOWN_SETTING) throw fault
  }
}

/** A changed retention reaches tables that exist: new parts at once, old ones as they merge. */
async function applyRetention(clickhouse: ClickHouse, options: { readonly retentionMs: number }) {
  const tables = await clickhouse.query<{ name: string; create: string }>(
    'SELECT name, create_table_query AS create FROM system.tables WHERE database = currentDatabase()',
  )
  for (const { table, time } of RETAINED_TABLES) {
    const ttl = renderTtl(time, options)
    const found = tables.find(({ name }) => name === table)
    if (found === undefined || found.create.includes(ttl)) continue
    await clickhouse.command(
      `ALTER TABLE ${table} MODIFY TTL ${ttl} SETTINGS materialize_ttl_after_modify = 0`,
    )
  }
}
