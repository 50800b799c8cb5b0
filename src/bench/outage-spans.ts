import { REQUEST_TYPES } from '../decode/otlp-schema.ts'
import { keyValues } from './key-values.ts'

// Export requests of a small fleet of routers through an outage, in virtual time: each request is a
// SERVER span with one CLIENT span, its attempt on the primary.

export interface OutageOptions {
  readonly spanCount: number
  readonly startUnixMs: number
}

export interface ExportRequest {
  readonly seenAtUnixNs: bigint
  readonly receivedUnixMs: number
  readonly body: Buffer
  readonly spanCount: number
}

export const OUTAGE_MS = 26 * 60_000
const ROUTERS = ['router-1', 'router-2', 'router-3', 'router-4', 'router-5', 'router-6']
const EXPORT_MS = 500
/** It begins a third in, fails every second attempt, and is over after two thirds. */
const isFault = (share: number, random: number) => share > 1 / 3 && share < 2 / 3 && random < 0.5

/** Every router exports twice a second over 26 min, as in the January incident. */
export function* outageRequests(options: OutageOptions): Generator<ExportRequest> {
  const { spanCount, startUnixMs } = options
  const random = createRandom(1)
  const steps = OUTAGE_MS / EXPORT_MS
  const perExport = spanCount / 2 / steps / ROUTERS.length
  let due = 0
  let number = 0
  for (let step = 0; step < steps; step++)
    for (const [index, router] of ROUTERS.entries()) {
      due += perExport
      const count = Math.floor(due)
      due -= count
      const receivedUnixMs = startUnixMs + step * EXPORT_MS + index * 83
      const share = step / steps
      const made = Array.from({ length: count }, (_, place) =>
        requestOf({
          number: number++,
          endMs: receivedUnixMs - ((place + 1) * EXPORT_MS) / (count + 1),
          lengthMs: 400 + random() * 800,
          isFailed: isFault(share, random()),
        }),
      )
      yield {
        ...{ receivedUnixMs, seenAtUnixNs: BigInt(receivedUnixMs) * 1_000_000n },
        ...{ body: encode(router, made.flat()), spanCount: count * 2 },
      }
    }
}

interface Made {
  readonly number: number
  readonly endMs: number
  readonly lengthMs: number
  readonly isFailed: boolean
}

function requestOf({ number, endMs, lengthMs, isFailed }: Made): object[] {
  const traceId = Buffer.alloc(16)
  traceId.writeUInt32BE(Math.imul(number + 1, 0x9e3779b1) >>> 0, 0)
  traceId.writeUInt32BE(Math.imul(number + 1, 0x85ebca6b) >>> 0, 4)
  traceId.writeUInt32BE(number, 12)
  const idOf = (kind: number) => {
    const id = Buffer.from(traceId.subarray(8))
    id.writeUInt32BE(Math.imul(number + kind, 0xc2b2ae35) >>> 0, 0)
    return id
  }
  const [request, attempt] = [idOf(1), idOf(2)]
  const common = {
    traceId,
    startTimeUnixNano: toNs(endMs - lengthMs),
    endTimeUnixNano: toNs(endMs),
    status: isFailed ? { code: 2, message: 'inference failed' } : { code: 0 },
  }
  const shared = {
    'signalbox.route': 'preview',
    'http.response.status_code': isFailed ? 503 : 200,
    'user.id': `user-${number % 5_000}`,
    'signalbox.tier': number % 4 === 0 ? 'pro' : 'free',
    'signalbox.class': 'txt2img/1024/30',
  }
  const target = { ...shared, 'signalbox.target': 'cloud-eu', 'gen_ai.request.model': 'sd-xl-1.0' }
  return [
    {
      ...{ ...common, spanId: attempt, parentSpanId: request, name: 'POST cloud-eu', kind: 3 },
      attributes: keyValues(target),
    },
    {
      ...{ ...common, spanId: request, name: 'POST /v1/preview', kind: 2 },
      attributes: keyValues(shared),
    },
  ]
}

function encode(router: string, spans: readonly object[]): Buffer {
  const resource = {
    attributes: keyValues({
      'service.name': 'router',
      'service.version': '2.3.1',
      'service.instance.id': router,
      'signalbox.component': 'router',
      'cloud.region': 'eu-central-1',
    }),
  }
  const type = REQUEST_TYPES.traces
  const request = {
    resourceSpans: [{ resource, scopeSpans: [{ scope: { name: 'bench' }, spans }] }],
  }
  return Buffer.from(type.encode(type.fromObject(request)).finish())
}

const toNs = (ms: number) => String(BigInt(Math.round(ms * 1_000)) * 1_000n)

/** mulberry32: the same spans at every run. */
function createRandom(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 0x1_0000_0000
  }
}
