import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import { MatcherField } from '../config/fields.ts'
import type { Clock } from '../lib/clock.ts'
import { AppError } from '../lib/errors.ts'
import { actorOf, requires } from './authority.ts'
import type { ApiDeps } from './deps.ts'
import { ListQuery, toPage } from './lists.ts'

const Id = z.object({ id: z.string().min(1) })
const Silence = z.strictObject({
  matchers: z
    .record(z.string(), MatcherField)
    .refine((all) => Object.keys(all).length > 0, 'name at least one')
    .refine((all) => JSON.stringify(all).length <= 10_000, 'at most 10,000 characters'),
  owner: z.string().min(1).max(200).optional(),
  reason: z.string().min(1).max(1_000),
  ends_at: z.iso.datetime({ offset: true }),
})
const Change = z.strictObject({
  at: z.iso.datetime({ offset: true }).optional(),
  kind: z.string().min(1).max(100),
  text: z.string().min(1).max(10_000),
  route: z.string().max(200).optional(),
  // Two hundred are kept: each must stay small.
  attributes: z
    .record(z.string().max(200), z.string().max(2_000))
    .refine((all) => Object.keys(all).length <= 50, 'at most 50')
    .optional(),
})

/** Rules, silences, change events, reload: what operators need beside routes and incidents. */
export function operationRoutes(
  app: FastifyInstance,
  { deps, clock }: { deps: ApiDeps; clock: Clock },
): void {
  ruleRoutes(app, deps)
  silenceRoutes(app, { deps, clock })

  app.post(
    '/api/v1/events',
    { schema: { body: Change, summary: 'A deploy, configuration or scaling change' } },
    async (request, reply) => {
      actorOf(request, { authorize: deps.authorize, scope: 'operate' })
      const { at, route, attributes, ...rest } = request.body as z.output<typeof Change>
      const event = {
        ...rest,
        at: new Date(at ?? clock.nowMs()).toISOString(),
        ...(route !== undefined && { route }),
        ...(attributes && { attributes }),
      }
      deps.incidents.changeEvent(event)
      return reply.status(201).send(event)
    },
  )
  app.post(
    '/api/v1/reload',
    { preHandler: requires(deps.authorize, 'admin'), schema: { summary: 'Reads alerts/ again' } },
    async () => {
      const errors = deps.reload()
      if (errors.length === 0) return { status: 'ok' }
      throw new AppError('CONFIG_INVALID', 'nothing was changed: the files have faults', {
        places: errors,
      })
    },
  )
}

function ruleRoutes(app: FastifyInstance, deps: ApiDeps): void {
  const read = requires(deps.authorize, 'read')
  app.get(
    '/api/v1/rules',
    {
      preHandler: read,
      schema: { querystring: ListQuery, summary: 'Every rule with state per group' },
    },
    async (request) => toPage(deps.rules.list(), request.query as z.output<typeof ListQuery>),
  )
  app.get(
    '/api/v1/rules/:id',
    {
      preHandler: read,
      schema: { params: Id, summary: 'One rule, and why each group is as it is' },
    },
    async (request) => {
      const { id } = request.params as z.output<typeof Id>
      const rule = deps.rules.get(id)
      if (!rule) throw new AppError('NOT_FOUND', `no rule ${id}`)
      return rule
    },
  )
}

function silenceRoutes(
  app: FastifyInstance,
  { deps, clock }: { deps: ApiDeps; clock: Clock },
): void {
  const operator = { authorize: deps.authorize, scope: 'operate' as const }
  app.get(
    '/api/v1/silences',
    { preHandler: requires(deps.authorize, 'read'), schema: { querystring: ListQuery } },
    async (request) => toPage(deps.silences.list(), request.query as z.output<typeof ListQuery>),
  )
  app.post(
    '/api/v1/silences',
    { schema: { body: Silence, summary: 'Stops pages, never evaluation' } },
    async (request, reply) => {
      const actor = actorOf(request, operator)
      const { owner, ends_at, ...rest } = request.body as z.output<typeof Silence>
      if (Date.parse(ends_at) <= clock.nowMs())
        throw new AppError('BAD_REQUEST', 'ends_at is in the past')
      const silence = { ...rest, owner: owner ?? actor, ends_at: new Date(ends_at).toISOString() }
      return reply.status(201).send(deps.silences.create(silence))
    },
  )
  app.delete('/api/v1/silences/:id', { schema: { params: Id } }, async (request, reply) => {
    actorOf(request, operator)
    const { id } = request.params as z.output<typeof Id>
    if (!deps.silences.remove(id)) throw new AppError('NOT_FOUND', `no silence ${id}`)
    return reply.status(204).send()
  })
}
