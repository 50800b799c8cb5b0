import type { FastifyInstance } from 'fastify'
import { requires } from './authority.ts'
import type { ApiDeps } from './deps.ts'

/** Alive, ready, metrics. `/healthz` and `/readyz` need no token, so that probes can be simple. */
export function healthRoutes(app: FastifyInstance, deps: ApiDeps): void {
  app.get('/healthz', { schema: { summary: 'The process is alive' } }, async () => ({
    status: 'ok',
  }))

  app.get(
    '/readyz',
    { schema: { summary: '503 only when OTLP would be refused; else 200 with what is degraded' } },
    async (_request, reply) => {
      const refusing = deps.health.refusing()
      const degraded = deps.health.degraded()
      const status = refusing.length > 0 ? 'refusing' : degraded.length > 0 ? 'degraded' : 'ready'
      return reply
        .status(refusing.length > 0 ? 503 : 200)
        .send({ status, reasons: refusing, degraded })
    },
  )

  app.get(
    '/metrics',
    { preHandler: requires(deps.authorize, 'read'), schema: { summary: 'Prometheus text' } },
    async (_request, reply) =>
      reply.type('text/plain; version=0.0.4; charset=utf-8').send(await deps.health.metrics()),
  )
}
