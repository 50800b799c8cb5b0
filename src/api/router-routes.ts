import type { FastifyInstance } from 'fastify'
import { z } from 'zod'
import type { Clock } from '../lib/clock.ts'
import { AppError } from '../lib/errors.ts'
import { requires } from './authority.ts'
import type { ApiDeps } from './deps.ts'

const Count = z.number().int().min(0)
const Pair = z.object({ epoch: Count, generation: Count })
const Counters = z.object({
  started: Count,
  ok: Count,
  failed: Count,
  rejected: Count.default(0),
  cancelled: Count.default(0),
  inflight: Count,
  oldest_ms: z.number().min(0).default(0),
})
const Status = z.object({
  boot_id: z.string().min(1).max(200),
  clock: z.iso.datetime({ offset: true }),
  observed: z.record(z.string(), Pair).default({}),
  routes: z.record(z.string(), z.object({ targets: z.record(z.string(), Counters) })).default({}),
})
const Id = z.object({ id: z.string().min(1).max(200) })

export function routerRoutes(
  app: FastifyInstance,
  { deps, clock }: { deps: ApiDeps; clock: Clock },
): void {
  const ingest = requires(deps.authorize, 'ingest')

  app.put(
    '/api/v1/routers/:id/status',
    {
      preHandler: ingest,
      schema: { params: Id, body: Status, summary: 'Counters and observed state, every second' },
    },
    async (request) =>
      deps.routers.status({
        router: (request.params as z.output<typeof Id>).id,
        receivedUnixMs: clock.nowMs(),
        status: request.body as z.output<typeof Status>,
      }),
  )

  app.delete(
    '/api/v1/routers/:id',
    { preHandler: ingest, schema: { params: Id, summary: 'A router says goodbye' } },
    async (request, reply) => {
      const { id } = request.params as z.output<typeof Id>
      if (!deps.routers.forget(id)) throw new AppError('NOT_FOUND', `no router ${id} is known`)
      return reply.status(204).send()
    },
  )
}
