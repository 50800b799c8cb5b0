import type { ScenarioScore } from './detect-score.ts'

/** The score of every rule as a table in Markdown, for people. */
export function renderTable(
  rules: readonly Readonly<Record<string, unknown>>[],
  scores: readonly ScenarioScore[],
): string {
  const known = rules.filter((rule) => rule.in_pack === true)
  const missing = rules.filter((rule) => rule.in_pack !== true)
  const cell = (value: unknown, unit = '') =>
    value === null || value === undefined ? '–' : `${value}${unit}`
  const rows = known.map((rule) =>
    [
      `\`${rule.rule}\`${rule.moves_traffic === true ? ' *' : ''}`,
      `${rule.found} / ${rule.expected}`,
      cell(rule.recall),
      cell(rule.precision),
      cell(rule.delay_p50_s, ' s'),
      cell(rule.buckets_after_recount_max),
      cell(rule.false_trips_per_week),
    ].join(' | '),
  )
  const hours = scores.reduce((sum, score) => sum + score.hours, 0)
  return [
    '| rule | found | recall | precision | delay (median) | buckets after the recount (worst) | false trips a week |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...rows.map((row) => `| ${row} |`),
    '',
    `${scores.length} scenarios, ${Math.round(hours)} h of virtual time. * may move traffic.`,
    ...(missing.length > 0
      ? [`Asked for and not in the pack: ${missing.map(({ rule }) => rule).join(', ')}.`]
      : []),
  ].join('\n')
}
