import type { FastifyInstance, FastifyRequest } from 'fastify'
import { z } from 'zod'
import { AppError } from '../lib/errors.ts'
import type { Incident } from '../model/incident.ts'
import { actorOf, requires } from './authority.ts'
import type { ApiDeps } from './deps.ts'
import { ListQuery, toPage } from './lists.ts'

const Id = z.object({ id: z.string().min(1) })
const IncidentQuery = ListQuery.extend({
  state: z.enum(['open', 'mitigated', 'resolved']).optional(),
})
const Text = z.strictObject({ text: z.string().min(1).max(10_000) })
const ReportQuery = z.object({
  format: z.enum(['json', 'md', 'html', 'pdf']).default('json'),
  profile: z.enum(['internal', 'public']).default('internal'),
})
const CONTENT_TYPES = {
  json: 'application/json; charset=utf-8',
  md: 'text/markdown; charset=utf-8',
  html: 'text/html; charset=utf-8',
} as const

const idOf = (request: FastifyRequest) => (request.params as z.output<typeof Id>).id

export function incidentRoutes(app: FastifyInstance, deps: ApiDeps): void {
  const read = requires(deps.authorize, 'read')
  const operator = { authorize: deps.authorize, scope: 'operate' as const }
  const byId = { params: Id }

  app.get(
    '/api/v1/incidents',
    {
      preHandler: read,
      schema: { querystring: IncidentQuery, summary: 'Incidents, newest first' },
    },
    async (request) => {
      const query = request.query as z.output<typeof IncidentQuery>
      return toPage(deps.incidents.list(query.state), query)
    },
  )
  app.get('/api/v1/incidents/:id', { preHandler: read, schema: byId }, async (request) =>
    found(idOf(request), deps.incidents.get(idOf(request))),
  )
  for (const verb of ['ack', 'resolve'] as const) {
    app.post(`/api/v1/incidents/:id/${verb}`, { schema: byId }, async (request) =>
      found(idOf(request), deps.incidents[verb](idOf(request), actorOf(request, operator))),
    )
  }
  for (const [path, verb] of [
    ['notes', 'note'],
    ['actions', 'addAction'],
  ] as const) {
    app.post(
      `/api/v1/incidents/:id/${path}`,
      { schema: { params: Id, body: Text } },
      async (request) => {
        const by = actorOf(request, operator)
        const { text } = request.body as z.output<typeof Text>
        return found(idOf(request), deps.incidents[verb](idOf(request), text, by))
      },
    )
  }
  app.get(
    '/api/v1/incidents/:id/report',
    {
      preHandler: read,
      schema: { params: Id, querystring: ReportQuery, summary: 'The post-mortem' },
    },
    async (request, reply) => {
      const { format, profile } = request.query as z.output<typeof ReportQuery>
      if (format === 'pdf') throw notYet('format=pdf', 'print the HTML format from a browser')
      if (profile === 'public')
        throw notYet('profile=public', 'use profile=internal and redact by hand')
      found(idOf(request), deps.incidents.get(idOf(request)))
      const report = await deps.reports.report(idOf(request))
      return reply.type(CONTENT_TYPES[format]).send(deps.reports.render(report, format))
    },
  )
}

function found(id: string, incident: Incident | undefined): Incident {
  if (incident === undefined) throw new AppError('NOT_FOUND', `no incident ${id}`)
  return incident
}

function notYet(what: string, instead: string): AppError {
  return new AppError('BAD_REQUEST', `${what} is not there yet: ${instead}`)
}
