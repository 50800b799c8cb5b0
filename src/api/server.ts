import { existsSync } from 'node:fs'
import fastifyStatic from '@fastify/static'
import swagger from '@fastify/swagger'
import Fastify, { type FastifyInstance } from 'fastify'
import { type Clock, createSystemClock } from '../lib/clock.ts'
import { AppError } from '../lib/errors.ts'
import type { Part } from '../lib/part.ts'
import type { ApiEvents } from '../telemetry/api-events.ts'
import { backtestRoutes } from './backtest-routes.ts'
import type { ApiDeps } from './deps.ts'
import { healthRoutes } from './health-routes.ts'
import { incidentRoutes } from './incident-routes.ts'
import { operationRoutes } from './operation-routes.ts'
import { createProblem, sendProblem, toProblem } from './problem.ts'
import { routeRoutes } from './route-routes.ts'
import { routerRoutes } from './router-routes.ts'
import type { StateFeed } from './state-feed.ts'
import { stateRoutes } from './state-routes.ts'
import { subscriptionRoutes } from './subscription-routes.ts'
import { toOpenApi, useZod } from './zod-schemas.ts'

export interface ApiOptions {
  readonly host: string
  readonly port: number
  /** Built console; left out when the folder does not exist. */
  readonly webDir: string
  readonly version: string
  readonly deps: ApiDeps
  readonly feed: StateFeed
  readonly events: ApiEvents
  readonly clock?: Clock
}

export interface Api extends Part {
  /** The port in use, once started. */
  readonly port: number
}

/**
 * HTTP API and console on one port. Handlers only parse, call and reply.
 * @throws AppError PORT_IN_USE at start
 */
export function createApi(options: ApiOptions): Api {
  let app: FastifyInstance | undefined
  let port = options.port
  return {
    name: 'api',
    get port() {
      return port
    },
    async start() {
      app = await build(options)
      try {
        await app.listen({ host: options.host, port: options.port })
      } catch (cause) {
        throw listenFault(options, cause)
      }
      const address = app.server.address()
      if (typeof address === 'object' && address) port = address.port
    },
    async stop() {
      // Streams and long-polls never end by themselves.
      app?.server.closeAllConnections()
      await app?.close()
      app = undefined
    },
  }
}

async function build(options: ApiOptions): Promise<FastifyInstance> {
  const { deps, feed, clock = createSystemClock(), events } = options
  const app = Fastify({
    bodyLimit: 1_048_576,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 500 },
    // Faults found before any route is (a path that is no UTF-8): problems like all others.
    frameworkErrors: (fault, _request, reply) => void sendProblem(reply, toProblem(fault)),
  })
  useZod(app)
  app.setErrorHandler((fault, request, reply) => {
    const problem = toProblem(fault)
    if (problem.status >= 500) events.failed({ method: request.method, url: request.url, fault })
    return sendProblem(reply, problem)
  })
  app.setNotFoundHandler((request, reply) =>
    sendProblem(
      reply,
      createProblem({
        code: 'NOT_FOUND',
        detail: `no ${request.method} ${request.url}; see /api/v1/openapi.json`,
      }),
    ),
  )
  app.addHook('onResponse', async (request, reply) =>
    events.answered({
      route: request.routeOptions.url ?? 'unknown',
      status: reply.statusCode,
      durationMs: reply.elapsedTime,
    }),
  )
  await app.register(swagger, {
    openapi: { openapi: '3.0.3', info: { title: 'Signalbox', version: options.version } },
    transform: toOpenApi as never,
  })
  stateRoutes(app, { deps, feed, clock })
  routerRoutes(app, { deps, clock })
  subscriptionRoutes(app, deps)
  routeRoutes(app, deps)
  incidentRoutes(app, deps)
  operationRoutes(app, { deps, clock })
  backtestRoutes(app, deps)
  healthRoutes(app, deps)
  const describe = { schema: { summary: 'This description' } }
  app.get('/api/v1/openapi.json', describe, async () => app.swagger())
  if (existsSync(options.webDir)) await app.register(fastifyStatic, { root: options.webDir })
  return app
}

function listenFault({ host, port }: ApiOptions, cause: unknown): unknown {
  if ((cause as NodeJS.ErrnoException).code !== 'EADDRINUSE') return cause
  return new AppError(
    'PORT_IN_USE',
    `port ${port} on ${host} is taken; set SIGNALBOX_PORT to another one, or 0 for any free port`,
    { cause },
  )
}
