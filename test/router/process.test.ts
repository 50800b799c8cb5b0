import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { createSystemClock } from '../../src/lib/clock.ts'
import { document, push, SECRET, tempFile } from './fakes.ts'

// What users import, in a process of its own, killed without a chance to say goodbye.
const SOURCE = `
import { createRouterClient } from ${JSON.stringify(resolve('dist/router/client.js'))}
const client = createRouterClient({
  router: 'router-1',
  stateFile: process.argv[2],
  webhook: { secrets: [${JSON.stringify(SECRET)}], port: 0 },
  routes: { preview: { primary: 'cloud-eu', fallbacks: ['edge-local'] } },
})
await client.start()
const { target, generation } = client.pick({ route: 'preview', retryable: true })
process.send({ port: client.webhookPort, target, generation })
setInterval(() => {}, 1000)
`

interface Hello {
  readonly port: number
  readonly target: string
  readonly generation: string
}

async function startRouter(stateFile: string): Promise<{ child: ChildProcess; hello: Hello }> {
  const script = tempFile('router.mjs')
  writeFileSync(script, SOURCE)
  const child = fork(script, [stateFile], { stdio: 'inherit' })
  onTestFinished(() => void child.kill('SIGKILL'))
  const [hello] = (await once(child, 'message')) as [Hello]
  return { child, hello }
}

test('a router killed in fallback serves the fallback again, without any controller', async () => {
  const stateFile = tempFile('state.json')
  const first = await startRouter(stateFile)
  expect(first.hello).toMatchObject({ target: 'cloud-eu', generation: '0.0' })
  const { headers, rawBody } = push(createSystemClock(), document({ epoch: 3, generation: 57 }))
  const url = `http://127.0.0.1:${first.hello.port}/hook`
  const answer = await fetch(url, { method: 'POST', headers, body: rawBody })
  first.child.kill('SIGKILL')
  expect(answer.status).toBe(200)
  const second = await startRouter(stateFile)
  expect(second.hello).toMatchObject({ target: 'edge-local', generation: '3.57' })
})
