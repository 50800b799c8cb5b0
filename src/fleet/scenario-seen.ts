import { identityOf } from '../lib/identity.ts'
import type { Attempt, Request, Served } from '../model/attempt.ts'
import type { FieldValue, Observation, Source } from '../model/observation.ts'
import { type Asked, hex, type Tried, traceIdOf, type WorkerSpan } from './scenario-asked.ts'
import { readServed, readStage } from './scenario-fields.ts'

/** What an attempt and its request have of one span of a router: classes, since a day has millions. */
class SeenTried {
  readonly weight = 1
  readonly source: Source
  readonly atUnixMs: number
  readonly startUnixMs: number
  protected readonly tried: Tried
  #once: number | undefined

  constructor(tried: Tried) {
    this.tried = tried
    this.source = tried.asked.router
    this.atUnixMs = tried.endUnixMs
    this.startUnixMs = tried.startUnixMs
  }

  get once(): number {
    this.#once ??= onceOf(this.tried.asked, this.tried.index)
    return this.#once
  }
}

/** An attempt as a router's CLIENT span tells it. */
export class SeenAttempt extends SeenTried implements Observation {
  readonly unit = 'attempt'
  #attempt: Attempt | undefined
  // Not a method: whoever looks takes it along by itself, as of decoded spans.
  readonly field = (key: string): FieldValue | undefined => readServed(this.tried, key, 'render')

  get attempt(): Attempt {
    if (this.#attempt) return this.#attempt
    const { target, role } = this.tried
    this.#attempt = Object.assign(toServed(this.tried), { target, role })
    return this.#attempt
  }
}

/** A request as its router's SERVER span tells it. */
export class SeenRequest extends SeenTried implements Observation {
  readonly unit = 'request'
  #request: Request | undefined
  readonly field = (key: string): FieldValue | undefined =>
    key === 'attempt_count'
      ? this.tried.attemptCount
      : readServed(this.tried, key, 'POST /v1/images')

  get request(): Request {
    if (this.#request) return this.#request
    const { attemptCount, outcome, target, role } = this.tried
    const final = outcome === 'ok' ? { finalTarget: target, finalRole: role } : NO_FINAL
    const own = { ...final, attemptCount, abandonedAfterMs: 0 }
    this.#request = Object.assign(toServed(this.tried), own)
    return this.#request
  }
}

const NO_FINAL = { finalTarget: '', finalRole: '' } as const

/** A stage of a render as the worker's span tells it. */
export class SeenStage implements Observation {
  readonly unit = 'span'
  readonly weight = 1
  readonly source: Source
  readonly atUnixMs: number
  readonly startUnixMs: number
  readonly #span: WorkerSpan
  #once: number | undefined
  readonly field = (key: string): FieldValue | undefined => readStage(this.#span, key)

  constructor(span: WorkerSpan) {
    this.#span = span
    this.source = span.worker
    this.atUnixMs = span.endUnixMs
    this.startUnixMs = span.startUnixMs
  }

  get once(): number {
    const { tried, index } = this.#span
    this.#once ??= onceOf(tried.asked, 16 + index)
    return this.#once
  }
}

function onceOf(asked: Asked, index: number): number {
  return identityOf(`${traceIdOf(asked)}/${hex(asked.number * 64 + index, 16)}`)
}

function toServed(tried: Tried): Served {
  const { asked } = tried
  const traceId = traceIdOf(asked)
  return {
    route: asked.route,
    session: asked.session,
    model: asked.model,
    region: asked.region,
    tenant: asked.tenant,
    tier: asked.tier,
    variant: asked.variant,
    images: asked.images,
    router: asked.router.id,
    traceId,
    requestId: traceId,
    spanId: hex(asked.number * 64 + tried.index, 16),
    startUnixNs: toNs(tried.startUnixMs),
    endUnixNs: toNs(tried.endUnixMs),
    outcome: tried.outcome,
    errorType: tried.failure?.errorType ?? '',
    statusCode: tried.statusCode,
    generation: tried.generation,
    class: asked.class,
    cost: tried.cost,
    weight: 1,
    receivedUnixMs: tried.endUnixMs,
  }
}

function toNs(unixMs: number): bigint {
  return BigInt(Math.round(unixMs * 1_000)) * 1_000n
}
