import { expect, test } from 'vitest'
import { type Ending, judgeAttempt, judgeRequest } from '../../src/decode/outcome.ts'

const ENDING: Ending = {
  statusCode: 0,
  errorType: '',
  isError: false,
  responseFlags: '',
  durationMs: 100,
}
const ERROR = { isError: true }

// CONTRACT.md §3, row by row; the first match wins, so later rows come with earlier ones' marks.
test.for<[string, Partial<Ending>]>([
  ['cancelled', { errorType: 'cancelled' }],
  ['cancelled', { errorType: 'client_disconnected', ...ERROR, statusCode: 500 }],
  ['cancelled', { errorType: 'hedge_lost', statusCode: 400 }],
  ['cancelled', { statusCode: 499, ...ERROR }],
  ['cancelled', { responseFlags: 'UF,DC', ...ERROR }],
  ['rejected', { statusCode: 400 }],
  ['rejected', { statusCode: 413, ...ERROR }],
  ['rejected', { statusCode: 415 }],
  ['rejected', { statusCode: 422 }],
  ['rejected', { errorType: 'policy_refused', ...ERROR, statusCode: 500 }],
  ...[401, 402, 403, 404, 408, 429, 500, 502, 503, 504, 599].map(
    (statusCode): [string, Partial<Ending>] => ['failed', { statusCode }],
  ),
  ['failed', ERROR],
  ['failed', { ...ERROR, statusCode: 200 }],
  ['failed', { ...ERROR, errorType: 'timeout' }],
  ['ok', {}],
  ['ok', { statusCode: 200 }],
  ['ok', { statusCode: 302 }],
  ['ok', { errorType: 'timeout' }],
])('an attempt is %s: %j', ([outcome, ending]) => {
  expect(judgeAttempt({ ...ENDING, ...ending })).toBe(outcome)
})

test.for<[string, Partial<Ending>, string, string?]>([
  ['failed', { statusCode: 200 }, 'failed'],
  ['failed', { statusCode: 200 }, 'rejected failed'],
  ['failed', { errorType: 'cancelled' }, 'failed'],
  ['failed', { statusCode: 429 }, 'failed'],
  ['ok', { statusCode: 200 }, 'ok failed'],
  ['ok', { statusCode: 200 }, 'failed ok'],
  ['rejected', { statusCode: 400 }, 'failed rejected'],
  ['cancelled', { errorType: 'cancelled' }, ''],
  ['cancelled', { statusCode: 499, durationMs: 10_000 }, ''],
  ['failed', { statusCode: 499, durationMs: 10_001 }, '', 'abandoned'],
  ['failed', { errorType: 'client_disconnected', durationMs: 60_000 }, 'cancelled', 'abandoned'],
  ['rejected', { statusCode: 401 }, ''],
  ['rejected', { statusCode: 404, ...ERROR }, ''],
  ['rejected', { statusCode: 429 }, ''],
  ['failed', { statusCode: 429, ...ERROR }, 'cancelled'],
  ['failed', { statusCode: 500 }, ''],
  ['failed', { statusCode: 503 }, 'ok'],
  ['failed', ERROR, 'ok'],
  ['ok', {}, ''],
  ['ok', { statusCode: 204 }, 'ok'],
])('a request is %s: %j after attempts "%s"', ([outcome, ending, attempts, errorType]) => {
  const tried = attempts
    .split(' ')
    .filter((word) => word !== '')
    .map((word, index) => ({ outcome: word as 'ok', startUnixNs: BigInt(index) }))
  const judged = judgeRequest({ ...ENDING, ...ending }, tried)
  expect(judged.outcome).toBe(outcome)
  expect(judged.errorType).toBe(errorType ?? ending.errorType ?? '')
  const isCancellation = outcome === 'cancelled' || errorType === 'abandoned'
  expect(judged.abandonedAfterMs).toBe(isCancellation ? 10_000 : 0)
})
