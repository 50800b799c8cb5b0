import { afterEach, expect, test } from 'vitest'
import { loadSettings } from '../../src/config/settings.ts'
import { createSystemClock } from '../../src/lib/clock.ts'
import type { Row } from '../../src/model/batch.ts'
import type { Signal } from '../../src/model/otlp.ts'
import { createIngest } from '../../src/receive/ingest.ts'
import { createReceivers, type Receivers } from '../../src/receive/receivers.ts'
import { createReceiveEvents } from '../../src/telemetry/receive-events.ts'
import { createSilentTelemetry } from '../../src/telemetry/telemetry.ts'
import { createTestDecoder, sealRows } from '../decode/decoder-fixture.ts'
import { PROTOCOLS, sendAll } from './sdk-fixture.ts'

// Every exporter of the JavaScript SDK, for every signal: what is refused at first is sent again,
// and a shutdown waits for it.

const running: Receivers[] = []
afterEach(async () => {
  for (const receivers of running.splice(0)) await receivers.stop()
})

/** Both doors; the log refuses the first request of each signal, as a full one does. */
async function receive() {
  const batches: Map<string, readonly Row[]>[] = []
  const refused = new Set<Signal>()
  const headers: (string | undefined)[] = []
  const answers: (string | number)[] = []
  const telemetry = createReceiveEvents(createSilentTelemetry())
  const decoder = createTestDecoder()
  let signal: Signal = 'traces'
  const ingest = createIngest({
    nextSeenAt: () => 1n,
    decode(request) {
      signal = request.signal
      return decoder.decode(request)
    },
    observe: () => {},
    // In the same stretch as it was decoded, so that the signal is still this request's.
    append: async ({ discard }) => {
      if (!refused.has(signal)) {
        refused.add(signal)
        discard()
        return { status: 'retry', reason: 'log full', afterMs: 1_000 }
      }
      batches.push(sealRows(decoder))
      return { status: 'ok' }
    },
    events: telemetry,
  })
  const receivers = createReceivers({
    ...{ ...loadSettings({}), otlp_http_port: 0, otlp_grpc_port: 0 },
    ...{ ingest, clock: createSystemClock() },
    authorize: (header) => {
      headers.push(header)
      return { status: 'ok', actor: 'anyone' }
    },
    events: {
      ...telemetry,
      answered(answer) {
        telemetry.answered(answer)
        answers.push(answer.status)
      },
    },
  })
  running.push(receivers)
  await receivers.start()
  const { otlp_http, otlp_grpc } = receivers.addresses()
  const rows = (table: string): Row[] => batches.flatMap((batch) => batch.get(table) ?? [])
  const endpointOf = (protocol: string) => (protocol === 'grpc' ? `http://${otlp_grpc}` : otlp_http)
  return { endpointOf, rows, headers, answers }
}

test.for(PROTOCOLS.filter((protocol) => protocol !== 'grpc'))(
  '%s: refused once, every signal comes again before the shutdown ends',
  async (protocol) => {
    const { endpointOf, rows, headers, answers } = await receive()
    await sendAll({ protocol, endpoint: endpointOf(protocol) })
    const count = (status: number) => answers.filter((one) => one === status).length
    expect([answers.length, count(503), count(200)]).toEqual([6, 3, 3])
    expect(new Set(headers)).toEqual(new Set(['Bearer good']))
    expect(rows('otel_traces')).toMatchObject([{ SpanName: 'POST /preview', SpanKind: 'Server' }])
    expect(rows('signalbox_requests')).toMatchObject([{ Route: 'preview', Router: 'router-1' }])
    expect(rows('otel_logs')).toMatchObject([{ SeverityNumber: 17, Body: 'CUDA out of memory.' }])
    expect(rows('otel_metrics_sum')).toMatchObject([{ MetricName: 'jobs', Value: 3 }])
  },
)

// Release 0.223 repeats nothing over gRPC, whatever it is answered: it drops, and says why.
test('grpc: refused, the exporter is told why, and loses the data by itself', async () => {
  const { endpointOf, rows, headers, answers } = await receive()
  const sent = sendAll({ protocol: 'grpc', endpoint: endpointOf('grpc') })
  await expect(sent).rejects.toMatchObject({ details: 'log full' })
  expect(answers[0]).toBe('UNAVAILABLE')
  expect(new Set(headers)).toEqual(new Set(['Bearer good']))
  expect(rows('otel_traces')).toEqual([])
})
