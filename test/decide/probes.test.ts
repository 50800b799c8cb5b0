import { once } from 'node:events'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createStage, type Stage } from './stage.ts'

let server: Server
let url = ''
let isWell = true
let isSilent = false
let asked = 0
const waiting: ServerResponse[] = []

beforeEach(async () => {
  isWell = true
  isSilent = false
  asked = 0
  server = createServer((_request, response) => {
    asked++
    server.emit('asked')
    if (isSilent) waiting.push(response)
    else response.writeHead(isWell ? 200 : 503).end('x')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/ready`
})
afterEach(async () => {
  for (const response of waiting.splice(0)) response.destroy()
  server.closeAllConnections()
  server.close()
})

const yaml = (own = '', fallback = `, ready: { url: "${url}", every: 30s, deadline: 20s }`) =>
  `schema: signalbox.failover/v1
routes:
  - route: preview
    primary: cloud
    fallbacks: [{ target: edge${fallback} }]
    mode: auto
    on: [failing]
${own}`

/** Lets sockets work until the view says so; the wall clock bounds it, not the turned one. */
async function settled(stage: Stage, isDone: () => boolean): Promise<void> {
  for (let count = 0; !isDone(); count++) {
    if (count > 2_000) throw new Error('the probe was never answered')
    await new Promise((resolve) => setImmediate(resolve))
    stage.clock.turn(0)
  }
}
const readyOf = (stage: Stage) => stage.view().targets[1]?.ready

test('a cold fallback with `ready` blocks by S1 until a probe is ok', async () => {
  isSilent = true
  const stage = await createStage({ yaml: yaml() })
  stage.clock.turn(100)
  await settled(stage, () => asked === 1)
  stage.judge('failing', 'firing')
  stage.clock.turn(100)
  expect(stage.view().state).toBe('blocked')
  // It answers after its deadline: that is no answer.
  stage.clock.turn(20_000)
  await settled(stage, () => readyOf(stage) === false)
  isSilent = false
  stage.clock.turn(10_000)
  await settled(stage, () => readyOf(stage) === true)
  stage.clock.turn(100)
  expect(stage.view().state).toBe('engaging')
  await stage.controller.stop()
})

test('a primary that is all but dead lets an unproven fallback through, a disproved one never', async () => {
  isSilent = true
  const stage = await createStage({ yaml: yaml() })
  stage.attempts(90, { target: 'cloud', outcome: 'failed' })
  stage.judge('failing', 'firing')
  expect(stage.view().state).toBe('engaging')
  await stage.controller.stop()

  isSilent = false
  isWell = false
  const other = await createStage({ yaml: yaml() })
  other.clock.turn(100)
  await settled(other, () => readyOf(other) === false)
  other.attempts(100, { target: 'cloud', outcome: 'failed' })
  other.judge('failing', 'firing')
  expect(other.view().state).toBe('blocked')
  await other.controller.stop()
})

test('live traffic that proves the fallback spares it the probe', async () => {
  const stage = await createStage({ yaml: yaml() })
  stage.attempts(1, { target: 'edge' })
  stage.clock.turn(80_000)
  expect(asked).toBe(0)
  expect(readyOf(stage)).toBe(true)
  stage.clock.turn(20_000)
  await settled(stage, () => asked === 1)
  await stage.controller.stop()
})

test('a failed primary_ready is evidence, and an ok one proves the primary', async () => {
  const probe = `    primary_ready: { url: "${url}", every: 5s, deadline: 2s }
    evidence: { need: 2 }
`
  isWell = false
  const stage = await createStage({ yaml: yaml(probe, '') })
  stage.judge('failing', 'firing', { witnesses: ['router-1'] })
  expect(stage.view().state).toBe('suspect')
  stage.clock.turn(100)
  await settled(stage, () => stage.view().targets[0]?.ready === false)
  stage.clock.turn(100)
  expect(stage.view().state).toBe('engaging')
  stage.judge('failing', 'insufficient')
  isWell = true
  stage.attempts(5, { target: 'edge' })
  const turned = async (seconds: number) => {
    for (let second = 0; second < seconds; second++) {
      stage.clock.turn(1_000)
      const before = asked
      await settled(stage, () => asked === before)
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
  }
  await turned(128)
  expect(stage.view().state).toBe('probing')
  await stage.controller.stop()
})

test('stopping ends an open probe', async () => {
  isSilent = true
  const stage = await createStage({ yaml: yaml() })
  stage.clock.turn(100)
  await settled(stage, () => asked === 1)
  const closed = once(waiting[0]?.socket ?? server, 'close')
  await stage.controller.stop()
  await closed
})
