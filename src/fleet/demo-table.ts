import type { Figure } from '../model/report.ts'
import type { LedgerFigures } from './ledger-figures.ts'

/** One figure of the report beside the ledger's own. */
export interface Comparison {
  readonly name: string
  readonly report: number | null
  readonly ledger: number | null
  readonly unit: Figure['unit']
  readonly isEqual: boolean
}

/** Counts must agree exactly, times within a second, shares as far as nine digits are printed. */
const TOLERANCE: Readonly<Record<Figure['unit'], number>> = { count: 0, s: 1, '1': 1e-6 }

export function compareFigures(
  headline: Readonly<Record<string, Figure>>,
  ledger: LedgerFigures,
): Comparison[] {
  return Object.entries(headline).map(([name, { value, unit }]) =>
    compare({ name, unit, report: value, ledger: ledger[name] ?? null }),
  )
}

export function compare(pair: Omit<Comparison, 'isEqual'>): Comparison {
  const { report, ledger, unit } = pair
  const isEqual =
    report === null || ledger === null
      ? report === ledger
      : Math.abs(report - ledger) <= TOLERANCE[unit]
  return { ...pair, isEqual }
}

export function renderTable(comparisons: readonly Comparison[]): string {
  const rows = comparisons.map(({ name, report, ledger, unit, isEqual }) => [
    name,
    format(report, unit),
    format(ledger, unit),
    report === null || ledger === null ? '' : format(report - ledger, unit),
    isEqual ? 'ok' : 'FAIL',
  ])
  const table = [['figure', 'report', 'ledger', 'difference', ''], ...rows]
  const widths = [0, 1, 2, 3].map((column) =>
    Math.max(...table.map((row) => (row[column] ?? '').length)),
  )
  return table
    .map((row) => {
      const cells = row.map((cell, column) =>
        column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0),
      )
      return `${`  ${cells.join('  ')}`.trimEnd()}\n`
    })
    .join('')
}

function format(value: number | null, unit: Figure['unit']): string {
  if (value === null) return 'none'
  if (unit === 'count') return String(value)
  const text = unit === 's' ? `${value.toFixed(3)} s` : `${(value * 100).toFixed(4)} %`
  // Rounding leaves a sign on nothing.
  return text.replace(/^-(0\.0+ )/, '$1')
}
