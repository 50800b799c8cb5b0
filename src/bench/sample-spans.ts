import { randomFillSync } from 'node:crypto'
import { keyValues } from './key-values.ts'
import { MARK_NS, USER_MARK } from './span-places.ts'

// What the load is made of, per kind of sender.

/**
 * `plain`: workers that do not say what they are, so that rules take only spans with an exception.
 * `worker`: the same, and they say it; rules take every span. `router`: requests with one attempt
 * each, one after the other.
 */
export type PayloadSender = 'plain' | 'worker' | 'router'

const STACK = Array.from({ length: 3 }, (_, i) => `  at step${i} (/srv/app/pipeline.py:${100 + i})`)

export interface SampleSpan {
  readonly traceId: Buffer
  readonly spanId: Buffer
  /** Of an attempt, whose request is the span before it. */
  readonly parentSpanId?: Buffer
  readonly [field: string]: unknown
}

export function createSpan(sender: PayloadSender, index: number): SampleSpan {
  if (sender !== 'router') return createWorkerSpan(index)
  const isError = Math.floor(index / 2) % 10 === 0
  return index % 2 === 0 ? createRequestSpan(isError) : createAttemptSpan(isError)
}

export function toExportRequest(sender: PayloadSender, spans: readonly unknown[]) {
  const name = sender === 'router' ? 'gateway' : 'sd-worker'
  const resource = {
    attributes: keyValues({
      'service.name': name,
      'service.version': '1.4.2',
      'service.instance.id': `${name}-7c9d`,
      'cloud.region': 'eu-central-1',
      'k8s.pod.name': `${name}-7c9d-x2v9q`,
      ...(sender !== 'plain' && { 'signalbox.component': sender }),
      ...(sender === 'worker' && { 'signalbox.target': 'cloud-eu' }),
    }),
  }
  return { resourceSpans: [{ resource, scopeSpans: [{ scope: { name: 'bench' }, spans }] }] }
}

function createWorkerSpan(index: number): SampleSpan {
  const isError = index % 10 === 0
  const exception = {
    timeUnixNano: String(MARK_NS + 1n),
    name: 'exception',
    attributes: keyValues({
      'exception.type': 'torch.OutOfMemoryError',
      'exception.message': 'CUDA out of memory. Tried to allocate 1.35 GiB.',
      'exception.stacktrace': STACK.join('\n'),
    }),
  }
  return {
    ...createIds(),
    name: 'POST /v1/images',
    kind: 2,
    ...TIMES,
    attributes: keyValues({
      'http.request.method': 'POST',
      'http.route': '/v1/images',
      'http.response.status_code': isError ? 500 : 200,
      'url.path': '/v1',
      'server.address': 'sd-1',
      'user.id': `${USER_MARK}0000`,
      'gen_ai.request.model': 'sd-xl-1.0',
      'signalbox.class': 'txt2img/1024/30',
      'signalbox.stage': 'encode',
      'signalbox.images': 4,
    }),
    events: isError ? [exception] : [],
    status: isError ? { code: 2, message: 'inference failed' } : { code: 0 },
  }
}

function createRequestSpan(isError: boolean): SampleSpan {
  return {
    ...createIds(),
    name: 'POST /v1/images',
    kind: 2,
    ...TIMES,
    attributes: keyValues({
      'http.request.method': 'POST',
      'http.route': '/v1/images',
      'http.response.status_code': isError ? 502 : 200,
      'url.path': '/v1',
      'signalbox.route': 'preview',
      'user.id': `${USER_MARK}0000`,
      'signalbox.class': 'txt2img/1024/30',
      'signalbox.images': 4,
    }),
    status: isError ? { code: 2, message: 'no target answered' } : { code: 0 },
  }
}

function createAttemptSpan(isError: boolean): SampleSpan {
  return {
    ...createIds(),
    parentSpanId: randomFillSync(Buffer.alloc(8)),
    name: 'attempt',
    kind: 3,
    ...TIMES,
    attributes: keyValues({
      'http.request.method': 'POST',
      'http.response.status_code': isError ? 503 : 200,
      'server.address': 'sd-1',
      'signalbox.route': 'preview',
      'signalbox.target': 'cloud-eu',
      'user.id': `${USER_MARK}0000`,
      'gen_ai.request.model': 'sd-xl-1.0',
      'signalbox.class': 'txt2img/1024/30',
    }),
    status: isError ? { code: 2, message: 'unavailable' } : { code: 0 },
  }
}

const TIMES = { startTimeUnixNano: String(MARK_NS), endTimeUnixNano: String(MARK_NS) }

const createIds = () => ({
  traceId: randomFillSync(Buffer.alloc(16)),
  spanId: randomFillSync(Buffer.alloc(8)),
})
