import { expect, test } from 'vitest'
import { compare, compareFigures, renderTable } from '../../src/fleet/demo-table.ts'
import type { Figure } from '../../src/model/report.ts'

const figure = (value: number | null, unit: Figure['unit']): Figure => ({
  value,
  unit,
  definition: 'x',
  n: 1,
  query: 'q',
})

test.for([
  { unit: 'count', report: 10, ledger: 10, isEqual: true, why: 'counts agree exactly' },
  { unit: 'count', report: 10, ledger: 11, isEqual: false, why: 'one request is a difference' },
  { unit: 's', report: 10, ledger: 11, isEqual: true, why: 'times may be a second apart' },
  { unit: 's', report: 10, ledger: 11.1, isEqual: false, why: 'but not more' },
  { unit: '1', report: 0.976, ledger: 0.977, isEqual: false, why: 'shares come from counts' },
  { unit: '1', report: null, ledger: 0, isEqual: false, why: 'unknown is not zero' },
  { unit: 's', report: null, ledger: null, isEqual: true, why: 'both unknown' },
] as const)('$report and $ledger $unit: $why', ({ unit, report, ledger, isEqual }) => {
  expect(compare({ name: 'x', unit, report, ledger }).isEqual).toBe(isEqual)
})

test('a figure that the ledger does not know fails, and stands in the table', () => {
  const comparisons = compareFigures(
    { duration: figure(60, 's'), requests_total: figure(7, 'count'), new_one: figure(1, 'count') },
    { duration: 60, requests_total: 7 },
  )
  expect(comparisons.map(({ isEqual }) => isEqual)).toEqual([true, true, false])
  expect(renderTable(comparisons)).toBe(
    [
      '  figure            report    ledger  difference',
      '  duration        60.000 s  60.000 s     0.000 s  ok',
      '  requests_total         7         7           0  ok',
      '  new_one                1      none              FAIL',
      '',
    ].join('\n'),
  )
})
