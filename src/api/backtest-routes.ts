import type { FastifyInstance } from 'fastify'
import type { z } from 'zod'
import { AppError } from '../lib/errors.ts'
import type { BacktestRequest, BacktestResult } from '../model/backtest.ts'
import { requires } from './authority.ts'
import { BacktestBody } from './backtest-schemas.ts'
import type { ApiDeps } from './deps.ts'

const RANGE_MS_MAX = 31 * 86_400_000

/** Rules on recorded telemetry: when they would have fired. Reads only, but heavily. */
export function backtestRoutes(app: FastifyInstance, deps: ApiDeps): void {
  const preHandler = requires(deps.authorize, 'read')
  app.post(
    '/api/v1/backtests',
    {
      preHandler,
      schema: {
        body: BacktestBody,
        summary: 'When rules would have fired and cleared on recorded telemetry',
      },
    },
    async (request) => run(toRequest(request.body as z.output<typeof BacktestBody>), deps),
  )
  app.get(
    '/api/v1/backtests',
    { preHandler, schema: { summary: 'The back-test that runs now' } },
    async () => ({ running: deps.backtests.running() ?? null }),
  )
}

function toRequest(body: z.output<typeof BacktestBody>): BacktestRequest {
  const { from, to, rules, warm_up_s: warmUpS, fixture } = body
  const [fromUnixMs, toUnixMs] = [Date.parse(from), Date.parse(to)]
  if (toUnixMs <= fromUnixMs) throw invalid('to', 'must be later than from')
  if (toUnixMs - fromUnixMs > RANGE_MS_MAX) throw invalid('to', 'at most 31 days after from')
  return {
    ...{ fromUnixMs, toUnixMs },
    ...(rules !== undefined && { rules: typeof rules === 'string' ? { rules } : rules }),
    ...(warmUpS !== undefined && { warmUpMs: warmUpS * 1_000 }),
    ...(fixture && {
      fixture: { rule: fixture.rule, ...(fixture.by && { by: fixture.by }) },
    }),
  }
}

async function run(request: BacktestRequest, deps: ApiDeps): Promise<BacktestResult> {
  const answer = await deps.backtests.run(request)
  switch (answer.status) {
    case 'ok':
      return answer.result
    case 'invalid':
      throw new AppError('CONFIG_INVALID', 'the rules have faults', { places: answer.errors })
    case 'busy':
      throw new AppError('BACKTEST_RUNNING', 'another back-test runs; try again when it is done')
    case 'failed':
      throw new AppError('CLICKHOUSE_UNAVAILABLE', answer.reason)
  }
}

function invalid(key: string, message: string): AppError {
  return new AppError('BAD_REQUEST', `${key}: ${message}`, { places: [{ key, message }] })
}
