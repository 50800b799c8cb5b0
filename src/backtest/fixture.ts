import type { ReplayFrame } from '../detect/replay.ts'
import type { BacktestResult } from '../model/backtest.ts'
import type { Group } from '../model/verdict.ts'
import type { BacktestOrder } from './run.ts'

export interface FixtureOrder {
  readonly rule: string
  readonly by?: Group
}

export function recordFixture(_order: FixtureOrder, _backtest: BacktestOrder) {
  return {
    seen: (_frame: ReplayFrame) => {},
    render: (_result: Pick<BacktestResult, 'rules'>) => '',
  }
}
