import { randomInt } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { newFolder, type Served, serve } from '../scenario/served.ts'
import {
  type AcknowledgedLoad,
  childPid,
  expectStoredOnce,
  startLoad,
} from './acknowledged-load.ts'
import { alertsWith, waitFor } from './crash-fleet.ts'

// The whole server under load, killed at seeded random moments: it, its database, or both. What a
// sender got no answer for it sends again, to the next server. In the end everything is stored once.
// A failure is repeated, as far as moments can be, by SIGNALBOX_TEST_SEED.

const ROUNDS = Number(process.env.SIGNALBOX_TEST_KILLS ?? 3)
const SEED = Number(process.env.SIGNALBOX_TEST_SEED ?? randomInt(2 ** 31))

/** Numbers 0..1, the same ones for the same seed (mulberry32). */
function createRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

interface Round {
  readonly victim: 'server' | 'database' | 'both'
  /** After the load began; the server then always ends, within `restMs` if it was spared. */
  readonly afterMs: number
  readonly restMs: number
  readonly ending: 'SIGKILL' | 'SIGTERM'
  readonly senderCount: number
  readonly spansPerExport: number
}

function planRound(random: () => number): Round {
  const pick = <T>(...among: T[]) => among[Math.floor(random() * among.length)] as T
  return {
    victim: pick('server', 'database', 'both'),
    // Around the closing of segments, every second, and the loads behind it.
    afterMs: Math.round(random() * pick(200, 1_300, 3_500)),
    restMs: Math.round(random() * 2_500),
    ending: pick('SIGKILL', 'SIGKILL', 'SIGTERM'),
    senderCount: pick(1, 4, 16),
    spansPerExport: pick(2, 20, 200),
  }
}

async function play(round: Round, served: Served, acknowledged: Set<string>) {
  const load = startLoad(served.addresses.otlp_http, acknowledged, round)
  await sleep(round.afterMs)
  const killDatabase = () => process.kill(childPid(served.child.pid), 'SIGKILL')
  if (round.victim === 'database') {
    killDatabase()
    await sleep(round.restMs)
    // Starting again takes it time in which it may not be there; the server is.
    const isMissed = load.refusedCount > 0
    expect([round, isMissed]).toEqual([round, false])
  } else if (round.victim === 'both') killDatabase()
  const signal = round.victim === 'database' ? round.ending : 'SIGKILL'
  await Promise.all([served.end(signal), load.stop()])
  return load
}

test(
  `after ${ROUNDS} kills with seed ${SEED} everything is stored exactly once`,
  async () => {
    const random = createRandom(SEED)
    const acknowledged = new Set<string>()
    const alertsDir = alertsWith({ hook: 'http://127.0.0.1:9/' })
    const dataDir = newFolder()
    let served: Served | undefined
    onTestFinished(async () => {
      if (served?.child.exitCode === null && served.child.signalCode === null) await served.end()
    })
    const loads: AcknowledgedLoad[] = []
    for (let n = 0; n < ROUNDS; n++) {
      served = await serve({ alertsDir, dataDir })
      await loads.at(-1)?.sendAgain(served.addresses.otlp_http)
      loads.push(await play(planRound(random), served, acknowledged))
    }
    served = await serve({ alertsDir, dataDir })
    await loads.at(-1)?.sendAgain(served.addresses.otlp_http)
    const readyz = async () => (await served?.get('/readyz'))?.json()
    await waitFor('the log to be loaded', async () => {
      const metrics = (await (await served?.get('/metrics'))?.text()) ?? ''
      return /^signalbox_store_backlog_bytes 0$/m.test(metrics)
    })
    expect(await readyz()).toMatchObject({ status: 'ready', degraded: [] })
    expect(acknowledged.size).toBeGreaterThan(ROUNDS * 10)
    await expectStoredOnce(served, acknowledged)
  },
  60_000 + ROUNDS * 30_000,
)
