import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SeverityNumber } from '@opentelemetry/api-logs'
import { createBoundedQueue } from '../lib/bounded-queue.ts'
import type { Part } from '../lib/part.ts'
import { readJson } from './http-json.ts'
import type { Random } from './random.ts'
import { workOf } from './request-classes.ts'
import type { Senders } from './senders.ts'
import { WORKER_FAULTS, type WorkerFaultName } from './worker-faults.ts'

/**
 * One GPU worker: an HTTP server that renders `concurrency` images at a time and lets the rest
 * wait in line. It does not notice that the caller of a waiting request has gone, as real render
 * servers do not: so under overload it renders for nobody, and throughput of useful work collapses.
 */
export interface Worker extends Part {
  readonly url: string
  stats(): WorkerStats
  /** From now on renders end in this fault, in the words of the real one; undefined heals. */
  fail(fault: WorkerFaultName | undefined): void
}

export interface WorkerStats {
  readonly busy: number
  readonly queued: number
  readonly done: number
}

export interface WorkerOptions {
  readonly name: string
  readonly concurrency: number
  /** Requests that may wait; more are refused with 503. */
  readonly queueMax: number
  readonly renderMeanMs: number
  readonly random: Random
  readonly senders: Senders
}

/** What a router posts to `/render`. */
export interface RenderOrder {
  readonly class: string
  readonly images: number
  readonly prompt: string
}

interface Job {
  readonly order: RenderOrder
  readonly response: ServerResponse
}

const BODY_BYTES_MAX = 16_384
// One line a second says that the queue is full; a thousand say nothing more.
const LOG_EVERY_MS = 1_000

export function createWorker(options: WorkerOptions): Worker {
  const { name, random, senders } = options
  const queue = createBoundedQueue<Job>({ countMax: options.queueMax })
  const log = createWorkerLog(senders)
  let busy = 0
  let done = 0
  let fault: WorkerFaultName | undefined

  const finish = (job: Job) => {
    busy -= 1
    done += 1
    if (fault !== undefined) {
      const { text, isFatal } = WORKER_FAULTS[fault]
      const message = text({ gpu: 0, pid: process.pid })
      log.failed(WORKER_FAULTS[fault].exceptionType, message)
      answer(job.response, 500, { error: message })
      if (isFatal) void stop()
    } else {
      answer(job.response, 200, { worker: name, images: job.order.images })
    }
    const [next] = queue.take(1)
    if (next) render(next)
  }
  const render = (job: Job) => {
    busy += 1
    const meanMs = options.renderMeanMs * workOf(job.order.class)
    setTimeout(() => finish(job), random.logNormal(meanMs, 0.25))
  }
  const accept = (job: Job) => {
    if (job.order.prompt.includes('forbidden')) {
      answer(job.response, 422, { error: 'policy_refused' })
    } else if (busy < options.concurrency) {
      render(job)
    } else if (!queue.offer(job)) {
      log.full(queue.count)
      answer(job.response, 503, { error: 'queue_full' })
    }
  }
  const server = createServer((request, response) => void receive({ request, response, accept }))
  server.keepAliveTimeout = 60_000
  const stop = async () => {
    server.closeAllConnections()
    await new Promise<void>((resolve) => server.close(() => resolve()))
  }
  observeWorker(senders, () => ({ busy, queued: queue.count, done }))

  return {
    name,
    get url() {
      return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    },
    start: () => new Promise((resolve) => server.listen(0, '127.0.0.1', resolve)),
    stop,
    stats: () => ({ busy, queued: queue.count, done }),
    fail(name) {
      fault = name
    },
  }
}

interface Reception {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  accept(job: Job): void
}

async function receive({ request, response, accept }: Reception) {
  const order = await readJson<RenderOrder>(request, BODY_BYTES_MAX)
  if (order === undefined) answer(response, 400, { error: 'expected a render order as JSON' })
  else accept({ order, response })
}

function answer(response: ServerResponse, status: number, body: unknown) {
  if (response.destroyed) return
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}

function createWorkerLog({ logger }: Senders) {
  let fullLoggedMs = Number.NEGATIVE_INFINITY
  return {
    failed(exceptionType: string, message: string) {
      logger.emit({
        severityNumber: SeverityNumber.ERROR,
        severityText: 'ERROR',
        body: `${exceptionType}: ${message}`,
        attributes: { 'exception.type': exceptionType, 'exception.message': message, 'hw.id': '0' },
      })
    },
    full(waiting: number) {
      const nowMs = performance.now()
      if (nowMs - fullLoggedMs < LOG_EVERY_MS) return
      fullLoggedMs = nowMs
      logger.emit({
        severityNumber: SeverityNumber.WARN,
        severityText: 'WARN',
        body: `render queue is full: ${waiting} requests waiting, refusing more with 503`,
        attributes: { 'signalbox.queue.depth': waiting },
      })
    },
  }
}

function observeWorker({ meter }: Senders, stats: () => WorkerStats) {
  meter
    .createObservableGauge('signalbox.queue.depth', { description: 'Requests waiting to render' })
    .addCallback((result) => result.observe(stats().queued))
  meter
    .createObservableGauge('hw.gpu.utilization', { unit: '1' })
    .addCallback((result) => result.observe(Math.min(1, stats().busy), { 'hw.id': '0' }))
  meter
    .createObservableCounter('signalbox.worker.renders', { description: 'Renders ended' })
    .addCallback((result) => result.observe(stats().done))
}
