import { execFileSync } from 'node:child_process'
import { setTimeout as sleep } from 'node:timers/promises'
import { expect } from 'vitest'
import { encode, newSpanId, newTraceId, traces } from '../decode/otlp-builder.ts'
import type { Served } from '../scenario/served.ts'
import { waitFor } from './crash-fleet.ts'

/** Exports that go on while the server dies, and what must be stored of them in the end. */
export interface AcknowledgedLoad {
  /** Ids of spans that were acknowledged. */
  readonly acknowledged: ReadonlySet<string>
  readonly refusedCount: number
  /** Sends what was not answered again, as exporters do, until it is acknowledged. */
  sendAgain(otlp: string): Promise<void>
  stop(): Promise<void>
}

interface Export {
  readonly spanIds: readonly string[]
  readonly body: Uint8Array
}

const RESOURCE = {
  'service.name': 'router',
  'service.instance.id': 'router-1',
  'signalbox.component': 'router',
}

function newExport(spanCount: number): Export {
  const spanIds = Array.from({ length: spanCount }, newSpanId)
  const spans = spanIds.map((spanId, index) => ({
    spanId,
    traceId: newTraceId(),
    name: 'POST /render',
    kind: index % 2 === 0 ? ('client' as const) : ('server' as const),
    startMs: Date.now() - 100,
    attributes: { 'signalbox.route': 'export', 'signalbox.target': 'cloud-eu' },
  }))
  return { spanIds, body: encode('traces', traces(RESOURCE, spans), 'protobuf') }
}

export async function post(otlp: string, body: Uint8Array): Promise<Response | undefined> {
  try {
    return await fetch(`${otlp}/v1/traces`, {
      method: 'POST',
      headers: { 'content-type': 'application/x-protobuf' },
      body,
      signal: AbortSignal.timeout(5_000),
    })
  } catch {
    return undefined
  }
}

/** `senderCount` senders, each waiting for its answer before the next export. */
export function startLoad(
  otlp: string,
  acknowledged: Set<string>,
  { senderCount = 1, spansPerExport = 10 } = {},
): AcknowledgedLoad {
  const ending = new AbortController()
  const unanswered: Export[] = []
  let refusedCount = 0
  const send = async (to: string, one: Export): Promise<boolean> => {
    const answer = await post(to, one.body)
    const isTaken = answer?.status === 200 && (await answer.text().catch(() => '?')) === ''
    if (isTaken) for (const id of one.spanIds) acknowledged.add(id)
    return isTaken
  }
  const run = async () => {
    while (!ending.signal.aborted) {
      const one = newExport(spansPerExport)
      if (!(await send(otlp, one))) {
        refusedCount++
        unanswered.push(one)
      }
      await sleep(5)
    }
  }
  const finished = Promise.all(Array.from({ length: senderCount }, run))
  return {
    acknowledged,
    get refusedCount() {
      return refusedCount
    },
    async sendAgain(to) {
      for (const one of unanswered.splice(0))
        await waitFor('an export sent again', async () => await send(to, one))
    },
    async stop() {
      ending.abort()
      await finished
    },
  }
}

/** Every acknowledged span once, in each table that it belongs to; of others none twice. */
export async function expectStoredOnce(
  served: Served,
  acknowledged: ReadonlySet<string>,
): Promise<void> {
  const idsIn = async (table: string) =>
    (
      await served.sql<{ id: string }>(`SELECT SpanId AS id FROM ${table} WHERE Route = 'export'`)
    ).map(({ id }) => id)
  const spans = () =>
    served.sql<{ id: string; trace: string; kind: string }>(
      `SELECT SpanId AS id, TraceId AS trace, SpanKind AS kind FROM otel_traces
       WHERE SpanAttributes['signalbox.route'] = 'export'`,
    )
  const rows = await waitFor('every acknowledged span', async () => {
    const found = await spans()
    const ids = new Set(found.map(({ id }) => id))
    return [...acknowledged].every((id) => ids.has(id)) && found
  })
  const ids = rows.map(({ id }) => id).sort()
  expect(ids.length - new Set(ids).size).toBe(0)
  const ofKind = (kind: string) =>
    rows
      .filter((row) => row.kind === kind)
      .map(({ id }) => id)
      .sort()
  for (const [table, kind] of [
    ['signalbox_attempts', 'Client'],
    ['signalbox_requests', 'Server'],
  ] as const) {
    await waitFor(table, async () => (await idsIn(table)).length >= ofKind(kind).length)
    expect((await idsIn(table)).sort()).toEqual(ofKind(kind))
  }
  const [times] = await served.sql<{ n: string; rows: string; missing: string }>(
    `SELECT uniqExact(TraceId) AS n, count() AS rows,
       (SELECT count() FROM otel_traces WHERE TraceId NOT IN (SELECT TraceId FROM otel_traces_trace_id_ts)) AS missing
     FROM otel_traces_trace_id_ts WHERE TraceId IN (SELECT TraceId FROM otel_traces
       WHERE SpanAttributes['signalbox.route'] = 'export')`,
  )
  const traceCount = new Set(rows.map(({ trace }) => trace)).size
  const found = [times?.n, times?.rows, times?.missing].map(Number)
  expect(found).toEqual([traceCount, rows.length, 0])
}

/** The server's one child: its database. */
export function childPid(parent: number | undefined): number {
  const pids = execFileSync('ps', ['-o', 'pid=', '--ppid', String(parent)], { encoding: 'utf8' })
  return Number(pids.trim().split(/\s+/)[0])
}
