import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { AppError } from '../lib/errors.ts'
import { requires } from './authority.ts'
import type { ApiDeps, SubscriptionRequest } from './deps.ts'
import { ListQuery, toPage } from './lists.ts'

const Id = z.object({ id: z.string().min(1) })
const Event = z.enum(['failover.state.v1', 'failover.heartbeat.v1'])
// Deliveries are signed; a password in an address would be shown to everyone who may read.
const Endpoint = z
  .url({ protocol: /^https?$/ })
  .max(2_000)
  .refine(hasNoUser, 'must not carry a user or password')
const Routes = z.array(z.string().min(1).max(200)).min(1).max(200)
const Create = z.strictObject({
  url: Endpoint,
  routes: Routes.default(['*']),
  events: z.array(Event).min(1).max(2).default(['failover.state.v1']),
  router: z.string().min(1).max(200),
  resolve: z.enum(['one', 'each']).default('one'),
})
const Patch = z.strictObject({
  url: Endpoint.optional(),
  routes: Routes.optional(),
  events: z.array(Event).min(1).max(2).optional(),
  router: z.string().min(1).max(200).optional(),
  resolve: z.enum(['one', 'each']).optional(),
})

const idOf = (request: FastifyRequest) => (request.params as z.output<typeof Id>).id

export function subscriptionRoutes(app: FastifyInstance, deps: ApiDeps): void {
  const admin = requires(deps.authorize, 'admin')
  const read = requires(deps.authorize, 'read')
  const found = <T>(id: string, value: T | undefined): T => {
    if (value === undefined) throw new AppError('NOT_FOUND', `no subscription ${id}`)
    return value
  }
  const byId = { params: Id }

  app.get(
    '/api/v1/subscriptions',
    {
      preHandler: read,
      schema: { querystring: ListQuery, summary: 'Who is told of state changes' },
    },
    async (request) =>
      toPage(deps.subscriptions.list(), request.query as z.output<typeof ListQuery>),
  )
  app.post(
    '/api/v1/subscriptions',
    {
      preHandler: admin,
      schema: { body: Create, summary: 'Subscribe a router; the secret is shown once' },
    },
    async (request, reply) =>
      reply.status(201).send(await deps.subscriptions.create(request.body as SubscriptionRequest)),
  )
  app.get('/api/v1/subscriptions/:id', { preHandler: read, schema: byId }, async (request) =>
    found(idOf(request), deps.subscriptions.get(idOf(request))),
  )
  app.patch(
    '/api/v1/subscriptions/:id',
    { preHandler: admin, schema: { params: Id, body: Patch } },
    async (request) =>
      found(
        idOf(request),
        await deps.subscriptions.patch(idOf(request), request.body as Partial<SubscriptionRequest>),
      ),
  )
  app.delete(
    '/api/v1/subscriptions/:id',
    { preHandler: admin, schema: byId },
    async (request, reply) => {
      found(idOf(request), deps.subscriptions.get(idOf(request)))
      deps.subscriptions.remove(idOf(request))
      return reply.status(204).send()
    },
  )
  app.post(
    '/api/v1/subscriptions/:id/test',
    { preHandler: admin, schema: { ...byId, summary: 'Sends a dry run and tells the answer' } },
    async (request) => {
      found(idOf(request), deps.subscriptions.get(idOf(request)))
      return deps.subscriptions.test(idOf(request))
    },
  )
  app.post(
    '/api/v1/subscriptions/:id/rotate-secret',
    {
      preHandler: admin,
      schema: { ...byId, summary: 'A new secret, shown once; both sign for a while' },
    },
    async (request) => found(idOf(request), deps.subscriptions.rotateSecret(idOf(request))),
  )
  deliveryRoutes(app, deps)
}

function hasNoUser(url: string): boolean {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  return parsed === undefined || (parsed.username === '' && parsed.password === '')
}

function deliveryRoutes(app: FastifyInstance, deps: ApiDeps): void {
  app.get(
    '/api/v1/deliveries',
    {
      preHandler: requires(deps.authorize, 'read'),
      schema: {
        querystring: ListQuery,
        summary: 'Every delivery with all its attempts, newest first',
      },
    },
    async (request) =>
      toPage(deps.subscriptions.deliveries(), request.query as z.output<typeof ListQuery>),
  )
  app.post(
    '/api/v1/deliveries/:id/redeliver',
    {
      preHandler: requires(deps.authorize, 'operate'),
      schema: { params: Id, summary: 'Sends the current state again' },
    },
    async (request, reply) => {
      if (!deps.subscriptions.redeliver(idOf(request))) {
        throw new AppError('NOT_FOUND', `no delivery ${idOf(request)}`)
      }
      return reply.status(202).send({ status: 'queued' })
    },
  )
}
