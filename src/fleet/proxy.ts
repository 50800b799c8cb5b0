import type { IncomingMessage, ServerResponse } from 'node:http'
import {
  type Context,
  context,
  type Span,
  SpanKind,
  SpanStatusCode,
  trace,
} from '@opentelemetry/api'
import { SeverityNumber } from '@opentelemetry/api-logs'
import type { RequestOutcome } from '../model/attempt.ts'
import type { RouterClient } from '../router/client.ts'
import type { AttemptContext } from '../router/forward.ts'
import { readJson } from './http-json.ts'
import type { Ledger } from './ledger.ts'
import type { LedgerAttempt } from './ledger-entry.ts'
import type { RouterConfig } from './role-config.ts'
import type { Senders } from './senders.ts'
import type { TryResult, Upstream } from './upstream.ts'
import type { RenderOrder } from './worker.ts'

/**
 * The reverse proxy of a router. `src/router` decides where a request goes; this sends it, tells it
 * in spans, and writes the same down in the ledger: each moment is read once, in whole
 * milliseconds, and used for both.
 */
export interface ProxyOptions {
  readonly config: RouterConfig
  readonly client: Pick<RouterClient, 'forward'>
  readonly upstreams: ReadonlyMap<string, Upstream>
  readonly senders: Senders
  readonly ledger: Ledger
}

interface Visit {
  readonly order: RenderOrder
  readonly session: string
  readonly region: string
  readonly startMs: number
  readonly span: Span
  readonly inside: Context
  readonly attempts: LedgerAttempt[]
}

const BODY_BYTES_MAX = 16_384
const FAILED = 'inference_failed_internal_server_error'
const STATUS: Readonly<Record<RequestOutcome, number>> = {
  ok: 200,
  failed: 500,
  rejected: 422,
  cancelled: 499,
}

/** Serves one request of a user; resolves when it is answered and written down. */
export function createProxy(
  options: ProxyOptions,
): (request: IncomingMessage, response: ServerResponse) => Promise<void> {
  const { config, client } = options
  return async (request, response) => {
    const startMs = Date.now()
    const order = await readJson<RenderOrder>(request, BODY_BYTES_MAX)
    if (order === undefined) {
      reply(response, 400, { error: 'expected a render order as JSON' })
      return
    }
    const visit = open({ options, request, order, startMs })
    const result = await client.forward({
      route: config.route,
      retryable: true,
      // Rescue comes after the timeout of the first try: the first users wait one attempt longer.
      deadlineMs: config.timeoutMs * 2,
      attempt: (target, attempt) => tryTarget({ options, visit, target, attempt }),
    })
    close(options, visit, result.outcome)
    const isOk = result.outcome === 'ok'
    const error = result.outcome === 'failed' ? FAILED : result.outcome
    reply(response, STATUS[result.outcome], isOk ? { images: order.images } : { error })
  }
}

function open(facts: {
  readonly options: ProxyOptions
  readonly request: IncomingMessage
  readonly order: RenderOrder
  readonly startMs: number
}): Visit {
  const { options, request, order, startMs } = facts
  const session = String(request.headers['x-session-id'] ?? '')
  const region = String(request.headers['x-region'] ?? '')
  const span = options.senders.tracer.startSpan('POST /v1/images', {
    kind: SpanKind.SERVER,
    root: true,
    startTime: new Date(startMs),
    attributes: {
      ...describe({ config: options.config, order, session, region }),
      'http.request.method': 'POST',
      'url.path': '/v1/images',
    },
  })
  const inside = trace.setSpan(context.active(), span)
  return { order, session, region, startMs, span, inside, attempts: [] }
}

interface Described extends Pick<Visit, 'order' | 'session' | 'region'> {
  readonly config: RouterConfig
}

/** What spans of a request and of its attempts have in common. */
function describe({ config, order, session, region }: Described) {
  return {
    'signalbox.route': config.route,
    'signalbox.class': order.class,
    'signalbox.images': order.images,
    'session.id': session,
    'cloud.region': region,
  }
}

interface Trying {
  readonly options: ProxyOptions
  readonly visit: Visit
  readonly target: string
  readonly attempt: AttemptContext
}

async function tryTarget(trying: Trying) {
  const { options, visit, target, attempt } = trying
  const startMs = Date.now()
  const span = options.senders.tracer.startSpan(
    'render',
    {
      kind: SpanKind.CLIENT,
      startTime: new Date(startMs),
      attributes: {
        ...describe({ ...visit, config: options.config }),
        'signalbox.target': target,
        'signalbox.generation': attempt.generation,
      },
    },
    visit.inside,
  )
  const end = endOnce({ trying, span, startMs })
  // When the whole request is over, so is this try, at that very moment.
  attempt.signal.addEventListener('abort', () => end({ status: 0, errorType: 'timeout' }))
  const upstream = options.upstreams.get(target)
  const timeoutMs = Math.min(options.config.timeoutMs, attempt.timeoutMs)
  const result = upstream
    ? await upstream.render(visit.order, { timeoutMs, signal: attempt.signal })
    : { status: 0, errorType: 'no_endpoint' }
  return { outcome: end(result) }
}

/** Ends span and ledger entry together, once; later calls give the first outcome. */
function endOnce(facts: {
  readonly trying: Trying
  readonly span: Span
  readonly startMs: number
}): (result: TryResult) => RequestOutcome {
  const { trying, span, startMs } = facts
  const { options, visit, target, attempt } = trying
  let ended: RequestOutcome | undefined
  return ({ status, errorType }) => {
    if (ended !== undefined) return ended
    const outcome = outcomeOf(status)
    ended = outcome
    const endMs = Math.max(startMs, Date.now())
    visit.attempts.push({
      target,
      role: roleOf(options.config, target),
      startMs,
      endMs,
      outcome,
      generation: attempt.generation,
    })
    if (status > 0) span.setAttribute('http.response.status_code', status)
    if (errorType !== '') span.setAttribute('error.type', errorType)
    if (outcome === 'failed') span.setStatus({ code: SpanStatusCode.ERROR, message: errorType })
    span.end(new Date(endMs))
    return outcome
  }
}

function outcomeOf(status: number): RequestOutcome {
  if (status >= 200 && status < 400) return 'ok'
  return [400, 413, 415, 422].includes(status) ? 'rejected' : 'failed'
}

function roleOf(config: RouterConfig, target: string) {
  if (target === config.primary) return 'primary'
  return config.fallbacks.includes(target) ? 'fallback' : 'unlisted'
}

function close(options: ProxyOptions, visit: Visit, outcome: RequestOutcome): void {
  const { config, senders, ledger } = options
  const { span, startMs, attempts, order } = visit
  const lastEndMs = attempts.at(-1)?.endMs ?? startMs
  const endMs = Math.max(lastEndMs, Date.now())
  span.setAttribute('http.response.status_code', STATUS[outcome])
  if (outcome === 'failed') {
    span.setAttribute('error.type', FAILED)
    span.setStatus({ code: SpanStatusCode.ERROR, message: FAILED })
    senders.logger.emit({
      severityNumber: SeverityNumber.ERROR,
      severityText: 'ERROR',
      body: `${FAILED}: request was not processed within 10 s`,
      attributes: { 'session.id': visit.session, 'cloud.region': visit.region },
      context: visit.inside,
    })
  }
  span.end(new Date(endMs))
  ledger.write({
    kind: 'request',
    id: span.spanContext().traceId,
    router: config.name,
    route: config.route,
    session: visit.session,
    class: order.class,
    images: order.images,
    startMs,
    endMs,
    outcome,
    attempts,
  })
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  if (response.destroyed) return
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
