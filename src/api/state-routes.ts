import type { FastifyInstance, FastifyReply } from 'fastify'
import { z } from 'zod'
import type { Clock } from '../lib/clock.ts'
import { parseDurationMs } from '../lib/duration.ts'
import { AppError } from '../lib/errors.ts'
import { requires } from './authority.ts'
import type { ApiDeps } from './deps.ts'
import type { StateFeed } from './state-feed.ts'

const WAIT_MS_MAX = 60_000
const HEARTBEAT_MS = 2_000
/** Of one stream, waiting in our memory; a whole state document of some hundred routes fits. */
const UNREAD_BYTES_MAX = 262_144

const StateQuery = z.object({
  wait: z
    .string()
    .refine((text) => parseDurationMs(text) !== undefined, 'expected a duration such as 25s')
    .optional(),
  since: z.coerce.number().int().min(0).optional(),
})

export interface StateRoutesOptions {
  readonly deps: ApiDeps
  readonly feed: StateFeed
  readonly clock: Clock
}

/** The pull channels: snapshot, long-poll and event stream carry the same document as the webhook. */
export function stateRoutes(app: FastifyInstance, { deps, feed, clock }: StateRoutesOptions): void {
  const read = requires(deps.authorize, 'read')

  app.get(
    '/api/v1/state',
    {
      preHandler: read,
      schema: { querystring: StateQuery, summary: 'Desired state of every route; long-polls' },
    },
    async (request, reply) => {
      const { wait, since } = request.query as z.output<typeof StateQuery>
      const state = await feed.wait(since ?? -1, {
        waitMs: Math.min(parseDurationMs(wait ?? '0s') ?? 0, WAIT_MS_MAX),
        signal: closedSignal(reply),
      })
      const etag = `"${state.epoch}.${state.version}"`
      reply.header('etag', etag).header('cache-control', 'no-cache')
      if (request.headers['if-none-match'] === etag) return reply.status(304).send()
      return state
    },
  )

  app.get(
    '/api/v1/state/stream',
    { preHandler: read, schema: { summary: 'Server-sent events: snapshot, state, heartbeat' } },
    (request, reply) => {
      let stream: ReturnType<typeof openStream> | undefined
      const stopListening = feed.listen((data) =>
        stream?.send({ event: 'state', id: data.version, data }),
      )
      // Before the stream opens: afterwards there is no status left to refuse with.
      if (!stopListening) throw new AppError('NOT_READY', 'too many streams are open; poll instead')
      stream = openStream(reply)
      const snapshot = deps.routes.state()
      stream.send({ event: 'snapshot', id: snapshot.version, data: snapshot })
      const stopHeartbeat = clock.every(HEARTBEAT_MS, () =>
        stream?.send({ event: 'heartbeat', data: feed.pairs() }),
      )
      request.raw.on('close', () => {
        stopListening()
        stopHeartbeat()
      })
    },
  )
}

interface StreamEvent {
  readonly event: string
  readonly id?: number
  readonly data: unknown
}

function openStream(reply: FastifyReply) {
  reply.hijack()
  const { raw } = reply
  raw.writeHead(200, {
    'content-type': 'text/event-stream',
    'cache-control': 'no-cache',
    // Proxies that buffer would turn a heartbeat into a burst.
    'x-accel-buffering': 'no',
    connection: 'keep-alive',
  })
  return {
    send({ event, id, data }: StreamEvent) {
      // A reader that does not read is cut off: it resumes with a snapshot.
      if (raw.writableLength > UNREAD_BYTES_MAX) {
        raw.destroy()
        return
      }
      const idLine = id === undefined ? '' : `id: ${id}\n`
      raw.write(`event: ${event}\n${idLine}data: ${JSON.stringify(data)}\n\n`)
    },
  }
}

function closedSignal(reply: FastifyReply): AbortSignal {
  const controller = new AbortController()
  reply.raw.on('close', () => controller.abort())
  return controller.signal
}
