import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { createHttpSender } from './http-sender.ts'
import type { LoadOrder, LoadReport } from './load.ts'
import { createSpanPayload } from './span-payload.ts'

// The process that sends: so many connections, each waiting for its answer before the next request,
// as exporters do. Payloads are built before the clock starts.

const ANSWER_MS_MAX = 15_000
/** As an exporter would, only sooner. */
const PAUSE_AFTER_REFUSAL_MS = 100
const compress = promisify(gzip)

process.on('message', (order: LoadOrder) => {
  void run(order).then((report) => process.send?.(report, () => process.disconnect()))
})

// Nobody waits for the report any more.
process.on('disconnect', () => process.exit())

async function run(order: LoadOrder): Promise<LoadReport> {
  const { connections, spansPerRequest } = order
  const senders = Array.from({ length: connections }, () => createSender(order))
  const counts = { refused: 0, unanswered: 0 }
  const sentUnixMs: number[] = []
  const answerMs: number[] = []
  const startCpu = process.cpuUsage()
  const startMs = performance.now()
  const turns = createTurns({ ...order, startMs })
  const work = async (sender: Sender) => {
    while (await turns.next()) {
      const body = await sender.nextBody()
      const sentMs = performance.now()
      const status = await sender.send(body)
      if (status === 200) {
        sentUnixMs.push(performance.timeOrigin + sentMs)
        answerMs.push(performance.now() - sentMs)
        continue
      }
      if (status === 0) counts.unanswered++
      else counts.refused++
      await sleep(PAUSE_AFTER_REFUSAL_MS)
    }
  }
  await Promise.all(senders.map(work))
  const durationMs = performance.now() - startMs
  const { user, system } = process.cpuUsage(startCpu)
  for (const { close } of senders) close()
  return {
    durationMs,
    acceptedSpanCount: answerMs.length * spansPerRequest,
    refusedCount: counts.refused,
    unansweredSpanCount: counts.unanswered * spansPerRequest,
    bytesPerSpan: (senders[0]?.byteCount ?? 0) / spansPerRequest,
    sentUnixMs: Float64Array.from(sentUnixMs),
    answerMs: Float64Array.from(answerMs),
    lateMsMax: turns.lateMsMax,
    cpuS: (user + system) / 1e6,
  }
}

type Sender = ReturnType<typeof createSender>

function createSender({ port, spansPerRequest: spanCount, encoding, isGzip, sender }: LoadOrder) {
  const payload = createSpanPayload({ spanCount, encoding, ...(sender && { sender }) })
  const headers = {
    'content-type': encoding === 'json' ? 'application/json' : 'application/x-protobuf',
    ...(isGzip && { 'content-encoding': 'gzip' }),
  }
  const path = '/v1/traces'
  const http = createHttpSender({ port, path, headers, answerMsMax: ANSWER_MS_MAX })
  return {
    byteCount: payload.byteCount,
    // Level 1 is what costs the machine least; inflating costs the same for any.
    nextBody: async () => (isGzip ? await compress(payload.next(), { level: 1 }) : payload.next()),
    send: http.send,
    close: http.close,
  }
}

interface Turns {
  /** Resolves when the next request is due; false when the time is over. */
  next(): Promise<boolean>
  readonly lateMsMax: number
}

/** Due times do not wait for answers: what finds no free connection goes out late, within the time. */
function createTurns(order: LoadOrder & { readonly startMs: number }): Turns {
  const { startMs, durationMs, spansPerS, spansPerRequest } = order
  const everyMs = spansPerS === undefined ? 0 : (1_000 * spansPerRequest) / spansPerS
  let count = 0
  let lateMsMax = 0
  return {
    async next() {
      const nowMs = performance.now()
      if (nowMs - startMs >= durationMs) return false
      if (everyMs === 0) return true
      // Compared before the start is added: its fraction would round the last one into the time.
      const offsetMs = everyMs * count++
      if (offsetMs >= durationMs) return false
      const dueMs = startMs + offsetMs
      lateMsMax = Math.max(lateMsMax, nowMs - dueMs)
      if (dueMs > nowMs) await sleep(dueMs - nowMs)
      return true
    },
    get lateMsMax() {
      return lateMsMax
    },
  }
}
