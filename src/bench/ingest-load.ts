import { Agent, request } from 'node:http'
import { createSpanPayload, SPANS_PER_REQUEST } from './span-payload.ts'

// The load of the ingest benchmark, in a process of its own (its work is not to be measured):
// so many senders, each waiting for its answer before the next request, as exporters do.

/** From the benchmark. */
export interface LoadOrder {
  readonly port: number
  readonly connections: number
  readonly durationMs: number
}

/** Back to it, when the time is over and every answer has come. */
export interface LoadReport {
  readonly acceptedSpanCount: number
  readonly refusedCount: number
  readonly bytesPerSpan: number
  readonly durationMs: number
  /** Of the accepted requests. */
  readonly answerMs: readonly number[]
  readonly cpuS: number
}

process.on('message', (order: LoadOrder) => {
  void run(order).then((report) => process.send?.(report, () => process.disconnect()))
})

async function run({ port, connections, durationMs }: LoadOrder): Promise<LoadReport> {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })
  const startMs = performance.now()
  const answerMs: number[] = []
  let refusedCount = 0
  const payloads = Array.from({ length: connections }, () => createSpanPayload())
  const senders = payloads.map(async (payload) => {
    while (performance.now() - startMs < durationMs) {
      const body = payload.next()
      const sentMs = performance.now()
      if (await send({ port, agent, body })) answerMs.push(performance.now() - sentMs)
      else {
        refusedCount++
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
    }
  })
  await Promise.all(senders)
  agent.destroy()
  const { user, system } = process.cpuUsage()
  return {
    acceptedSpanCount: answerMs.length * SPANS_PER_REQUEST,
    refusedCount,
    bytesPerSpan: (payloads[0]?.byteCount ?? 0) / SPANS_PER_REQUEST,
    durationMs: performance.now() - startMs,
    answerMs,
    cpuS: (user + system) / 1e6,
  }
}

function send(options: { port: number; agent: Agent; body: Uint8Array }): Promise<boolean> {
  const { port, agent, body } = options
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/x-protobuf', 'content-length': body.length }
    const path = '/v1/traces'
    const outgoing = request({ port, agent, headers, path, method: 'POST' }, (response) => {
      response.resume()
      response.on('end', () => resolve(response.statusCode === 200))
    })
    outgoing.on('error', reject)
    outgoing.end(body)
  })
}
