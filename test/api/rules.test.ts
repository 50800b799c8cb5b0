import { afterEach, expect, test } from 'vitest'
import { ANSWERS } from '../../src/api/answer-schemas.ts'
import { type Api, createApi } from '../../src/api/server.ts'
import { createStateFeed } from '../../src/api/state-feed.ts'
import { createSystemClock } from '../../src/lib/clock.ts'
import { createApiEvents } from '../../src/telemetry/api-events.ts'
import { createSilentTelemetry } from '../../src/telemetry/telemetry.ts'
import { createPlay } from '../detect/play.ts'
import { createBackend } from './deps.ts'

let api: Api | undefined
afterEach(() => api?.stop())

const RULES = `
  - id: rule
    title: '{{percent value}} failed'
    kind: ratio
    on: attempts
    bad: { outcome: failed }
    by: [route]
    trip: { above: 0.40, min_count: 30 }
    runbook: look
  - { id: quiet, kind: ratio, on: requests, bad: { outcome: failed }, trip: { above: 0.5 } }
`

/** Rules as a real detector judged them, over HTTP. */
async function serve() {
  const play = createPlay(RULES)
  play.run(1, () => play.failed())
  const backend = createBackend()
  const { rules: list, rule: get } = play.detector
  const clock = createSystemClock()
  api = createApi({
    ...{ host: '127.0.0.1', port: 0, webDir: '/nowhere', version: '0', clock },
    deps: { ...backend.deps, rules: { list, get } },
    feed: createStateFeed({ state: () => backend.state, clock }),
    events: createApiEvents(createSilentTelemetry()),
  })
  await api.start()
  const { port } = api
  return (path: string) => fetch(`http://127.0.0.1:${port}${path}`)
}

test.for(['/api/v1/rules', '/api/v1/rules/rule', '/api/v1/rules/quiet'])(
  '%s answers what its schema describes, and nothing beside',
  async (path) => {
    const get = await serve()
    const answer = await get(path)
    expect(answer.status).toBe(200)
    const body: unknown = await answer.json()
    const key = path === '/api/v1/rules' ? path : '/api/v1/rules/:id'
    // A schema drops what it does not know.
    expect(ANSWERS[`GET ${key}`]?.schema?.parse(body)).toEqual(body)
  },
)

test('one rule explains its groups, the list does not', async () => {
  const get = await serve()
  const one = await (await get('/api/v1/rules/rule')).json()
  expect(one).toMatchObject({
    runbook: 'look',
    groups: [
      {
        state: 'insufficient',
        reason: 'needs 30, has 10 in 60s',
        title: '100 % failed',
        next: 'fires above 40 % with at least 30 in 60s',
        sources: [{ source: 'router-1', share: 1, state: 'sending' }],
        changes: [{ from: null, to: 'insufficient', refused: 'insufficient' }],
      },
    ],
  })
  const { items } = (await (await get('/api/v1/rules')).json()) as {
    items: { groups: Record<string, unknown>[] }[]
  }
  expect(items[0]?.groups[0]).toMatchObject({ window_s: 60, min_count: 30, effect: 'ok' })
  expect(items[0]?.groups[0]).not.toHaveProperty('changes')
  expect((await get('/api/v1/rules/nothing')).status).toBe(404)
})
