import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { AppError } from '../lib/errors.ts'
import type { RouteActionResult } from '../model/action.ts'
import { formatGeneration, parseGeneration } from '../model/generation.ts'
import { actorOf, requires } from './authority.ts'
import type { ApiDeps } from './deps.ts'

const Params = z.object({ route: z.string().min(1) })
const Action = z.strictObject({
  action: z.enum(['hold', 'release', 'force', 'failback', 'maintenance', 'ack']),
  target: z.string().max(200).optional(),
  reason: z.string().min(1).max(1_000),
  ttl_s: z
    .number()
    .positive()
    .max(30 * 86_400)
    .optional(),
  override: z.array(z.string().max(20)).max(50).optional(),
})
const Pause = z.strictObject({ reason: z.string().min(1).max(1_000).default('paused by API') })

export function routeRoutes(app: FastifyInstance, deps: ApiDeps): void {
  const read = requires(deps.authorize, 'read')
  const admin = { authorize: deps.authorize, scope: 'admin' as const }
  const routeOf = (request: FastifyRequest) => (request.params as z.output<typeof Params>).route
  const known = <T>(route: string, value: T | undefined): T => {
    if (value === undefined) throw new AppError('NOT_FOUND', `no route ${route} in failover.yaml`)
    return value
  }

  app.get('/api/v1/routes', { preHandler: read, schema: { summary: 'Every route' } }, async () => ({
    items: deps.routes.views(),
  }))
  app.get(
    '/api/v1/routes/:route',
    { preHandler: read, schema: { params: Params, summary: 'State, since when, why, proof' } },
    async (request) => known(routeOf(request), deps.routes.view(routeOf(request))),
  )
  app.get(
    '/api/v1/routes/:route/explain',
    { preHandler: read, schema: { params: Params, summary: 'Inputs, blockers, next evaluation' } },
    async (request) => {
      known(routeOf(request), deps.routes.view(routeOf(request)))
      return deps.routes.explain(routeOf(request))
    },
  )
  app.get(
    '/api/v1/routes/:route/outcomes',
    { preHandler: read, schema: { params: Params, summary: 'Request outcomes per second, live' } },
    async (request) => ({ items: deps.routes.outcomes(routeOf(request)) }),
  )
  app.post(
    '/api/v1/routes/:route/actions',
    {
      schema: {
        params: Params,
        body: Action,
        summary: 'hold, release, force, failback, maintenance, ack',
      },
    },
    async (request) => {
      const actor = actorOf(request, { authorize: deps.authorize, scope: 'operate' })
      const { target, ttl_s, override, ...rest } = request.body as z.output<typeof Action>
      const ifMatch = parseIfMatch(request.headers['if-match'])
      const result = deps.routes.act(routeOf(request), {
        ...rest,
        actor,
        ...(target !== undefined && { target }),
        ...(ttl_s !== undefined && { ttl_s }),
        ...(override !== undefined && { override }),
        ...(ifMatch && { ifMatch }),
      })
      return viewOrThrow(routeOf(request), result)
    },
  )
  app.post(
    '/api/v1/pause',
    { schema: { body: Pause, summary: 'Stops all automatic action' } },
    async (request) => {
      deps.routes.pause(actorOf(request, admin), (request.body as z.output<typeof Pause>).reason)
      return { paused: true }
    },
  )
  app.post(
    '/api/v1/resume',
    { schema: { summary: 'Resumes automatic action' } },
    async (request) => {
      deps.routes.resume(actorOf(request, admin))
      return { paused: false }
    },
  )
}

/** `If-Match: "EPOCH.GENERATION"`; undefined when it was not sent. */
function parseIfMatch(header: string | undefined) {
  if (header === undefined) return undefined
  const pair = parseGeneration(header.trim().replace(/^(?:W\/)?"?|"$/g, ''))
  if (!pair) throw new AppError('BAD_REQUEST', `If-Match must be "EPOCH.GENERATION", got ${header}`)
  return pair
}

function viewOrThrow(route: string, result: RouteActionResult) {
  switch (result.status) {
    case 'ok':
      return result.view
    case 'not_found':
      throw new AppError('NOT_FOUND', `no route ${route} in failover.yaml`)
    case 'invalid':
      throw new AppError('BAD_REQUEST', result.detail)
    case 'precondition_required':
      throw new AppError(
        'PRECONDITION_REQUIRED',
        `send If-Match: "${formatGeneration(result.current)}", the generation you looked at`,
      )
    case 'precondition_failed':
      throw new AppError(
        'PRECONDITION_FAILED',
        `the route is at "${formatGeneration(result.current)}" by now; look again`,
      )
    case 'refused':
      throw new AppError('SAFETY_REFUSED', result.detail, {
        places: result.rules.map((rule) => ({
          key: rule,
          message: `refused by safety rule ${rule}`,
        })),
      })
  }
}
