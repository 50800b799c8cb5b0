/**
 * Judgements that would have tripped or cleared and did not: one row when that begins, with why
 * (`stale`, `unknown`, `insufficient`, `holding`, `recovered`, `restarted`); '' in all other rows.
 */
export const ADD_REFUSALS: readonly string[] = [
  'ALTER TABLE signalbox_rule_evaluations ADD COLUMN IF NOT EXISTS Refused LowCardinality(String) CODEC(ZSTD(1))',
]
