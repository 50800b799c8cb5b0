import { mkdirSync, rmSync, statfsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { encode, traces } from '../decode/otlp-builder.ts'
import { type Served, type ServeOptions, serve } from '../scenario/served.ts'
import { childPid, expectStoredOnce, post, startLoad } from './acknowledged-load.ts'
import { alertsWith, waitFor } from './crash-fleet.ts'
import { fill, mountSmallDisk } from './small-disk.ts'

// No room left for what arrives: senders are told to wait, detection still sees, nothing that was
// acknowledged is lost, and all goes on by itself when there is room again.

const alertsDir = alertsWith({ hook: 'http://127.0.0.1:9/' })

async function start(options: ServeOptions): Promise<Served> {
  const served = await serve({ alertsDir, ...options })
  onTestFinished(async () => {
    if (served.child.exitCode === null && served.child.signalCode === null) await served.end()
  })
  return served
}

/** A total failure of the primary, newly each time: the same bytes would be known already. */
function failure(): Uint8Array {
  const attributes = { 'signalbox.route': 'preview', 'signalbox.target': 'cloud-eu' }
  const spans = Array.from({ length: 60 }, (_, index) => ({
    ...{ name: 'POST /render', kind: 'client' as const, startMs: Date.now() - 300 - index },
    ...{ attributes, error: 'inference_failed_internal_server_error' },
  }))
  const resource = { 'service.name': 'router', 'signalbox.component': 'router' }
  return encode(
    'traces',
    traces({ ...resource, 'service.instance.id': 'router-1' }, spans),
    'protobuf',
  )
}

/** Sends failures until one is refused as it should be. */
const refusal = (served: Served) =>
  waitFor('a refusal', async () => {
    const answer = await post(served.addresses.otlp_http, failure())
    return answer?.status === 503 && answer
  })

const ruleFires = (served: Served) =>
  waitFor('the rule to fire', async () => {
    const answer = await post(served.addresses.otlp_http, failure())
    expect(answer?.status).toBe(503)
    const rule = await (await served.get('/api/v1/rules/primary-failing')).text()
    return rule.includes('"firing"')
  })

/** Stops a process without ending it, until the returned function is called. */
function halt(pid: number): () => void {
  const goOn = () => {
    try {
      process.kill(pid, 'SIGCONT')
    } catch {
      // Gone with its server.
    }
  }
  onTestFinished(goOn)
  process.kill(pid, 'SIGSTOP')
  return goOn
}

const readiness = async (served: Served) => {
  const answer = await served.get('/readyz')
  return { status: answer.status, text: await answer.text() }
}

test('a disk that is full to the last byte refuses, detects, and recovers', async () => {
  const disk = mountSmallDisk(192)
  const dataDir = join(disk, 'data')
  mkdirSync(dataDir)
  const served = await start({ dataDir })
  const acknowledged = new Set<string>()
  const load = startLoad(served.addresses.otlp_http, acknowledged, { senderCount: 4 })
  await waitFor('load', async () => acknowledged.size > 2_000)
  const filler = join(disk, 'filler')
  const filling = setInterval(() => fill(filler), 20)
  onTestFinished(() => clearInterval(filling))
  fill(filler)

  const answer = await refusal(served)
  expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1)
  expect(Number(answer.headers.get('retry-after'))).toBeLessThanOrEqual(3)
  await ruleFires(served)
  expect(await readiness(served)).toMatchObject({
    status: 503,
    text: expect.stringMatching(/cannot be written: .*ENOSPC|disk .* is nearly full/),
  })
  await waitFor('the reason', async () => (await readiness(served)).text.includes('nearly full'))
  // Long enough that the database has met the full disk too.
  await sleep(4_000)
  expect(served.child.exitCode).toBeNull()

  clearInterval(filling)
  rmSync(filler)
  const countBefore = acknowledged.size
  await waitFor('exports to be taken again', async () => acknowledged.size > countBefore + 500)
  await load.stop()
  await load.sendAgain(served.addresses.otlp_http)
  await waitFor('everything well', async () => (await readiness(served)).text.includes('"ready"'))
  await expectStoredOnce(served, acknowledged)
})

test('a database that stands still fills the log to its limit, and nothing else', async () => {
  const served = await start({ env: { SIGNALBOX_LOG_BYTES_MAX: String(2 ** 20) } })
  const acknowledged = new Set<string>()
  const goOn = halt(childPid(served.child.pid))
  const load = startLoad(served.addresses.otlp_http, acknowledged, { spansPerExport: 200 })
  const answer = await refusal(served)
  expect(Number(answer.headers.get('retry-after'))).toBe(2)
  await ruleFires(served)
  expect(await readiness(served)).toMatchObject({
    status: 503,
    text: expect.stringContaining('full'),
  })

  goOn()
  const countBefore = acknowledged.size
  await waitFor('exports to be taken again', async () => acknowledged.size > countBefore + 500)
  await load.stop()
  await load.sendAgain(served.addresses.otlp_http)
  await expectStoredOnce(served, acknowledged)
})

test('a log that grows until its disk is nearly full leaves the database the room to empty it', async () => {
  const disk = mountSmallDisk(256)
  const dataDir = join(disk, 'data')
  mkdirSync(dataDir)
  const served = await start({ dataDir })
  const acknowledged = new Set<string>()
  const { bavail, bsize } = statfsSync(disk)
  writeFileSync(join(disk, 'filler'), Buffer.alloc(Math.max(0, bavail * bsize - (32 << 20))))
  const goOn = halt(childPid(served.child.pid))
  const load = startLoad(served.addresses.otlp_http, acknowledged, { spansPerExport: 500 })
  const text = await (await refusal(served)).text()
  expect(text).toContain('nearly full')

  goOn()
  const countBefore = acknowledged.size
  await waitFor('exports to be taken again', async () => acknowledged.size > countBefore + 500)
  await load.stop()
  await load.sendAgain(served.addresses.otlp_http)
  await expectStoredOnce(served, acknowledged)
})
