import type { FastifyRequest } from 'fastify'
import { AppError } from '../lib/errors.ts'
import type { Authorize, Scope } from '../model/authority.ts'

/** A pre-handler that lets only holders of `scope` pass, and says who acts. */
export function requires(authorize: Authorize, scope: Scope) {
  return async (request: FastifyRequest): Promise<void> => {
    actorOf(request, { authorize, scope })
  }
}

/** The name of the token that acts, `local` without tokens. */
export function actorOf(
  request: FastifyRequest,
  { authorize, scope }: { authorize: Authorize; scope: Scope },
): string {
  const authority = authorize(request.headers.authorization, scope)
  if (authority.status === 'ok') return authority.actor
  const code = authority.status === 'forbidden' ? 'FORBIDDEN' : 'UNAUTHENTICATED'
  throw new AppError(code, authority.reason)
}
