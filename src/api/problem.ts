import type { FastifyReply } from 'fastify'
import { AppError, type ErrorCode, type ErrorPlace } from '../lib/errors.ts'

/** RFC 9457. `code` is stable; `detail` says what to do. */
export interface Problem {
  readonly type: string
  readonly title: string
  readonly status: number
  readonly code: string
  readonly detail: string
  readonly errors?: readonly ErrorPlace[]
}

const STATUS: Record<ErrorCode, number> = {
  CONFIG_INVALID: 422,
  DATA_DIR_LOCKED: 500,
  PORT_IN_USE: 500,
  CLICKHOUSE_UNAVAILABLE: 503,
  CLICKHOUSE_QUERY_FAILED: 500,
  LOG_FULL: 503,
  STATE_CONFLICT: 409,
  BACKTEST_RUNNING: 409,
  NOT_FOUND: 404,
  BAD_REQUEST: 400,
  UNAUTHENTICATED: 401,
  FORBIDDEN: 403,
  PRECONDITION_REQUIRED: 428,
  PRECONDITION_FAILED: 412,
  SAFETY_REFUSED: 422,
  EGRESS_REFUSED: 422,
  NOT_READY: 503,
  INTERNAL: 500,
}

export function toProblem(fault: unknown): Problem {
  if (fault instanceof AppError) {
    return createProblem({ code: fault.code, detail: fault.message, errors: fault.places })
  }
  const { statusCode, message } = fault as { statusCode?: number; message?: string }
  // Fastify's own refusals (unparsable JSON, body too large, unsupported media type) carry a status.
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500) {
    return {
      ...createProblem({ code: 'BAD_REQUEST', detail: message ?? 'bad request' }),
      status: statusCode,
    }
  }
  return createProblem({ code: 'INTERNAL', detail: 'an internal fault; the log has the details' })
}

interface ProblemOptions {
  readonly code: ErrorCode
  readonly detail: string
  readonly errors?: readonly ErrorPlace[]
}

export function createProblem({ code, detail, errors = [] }: ProblemOptions): Problem {
  return {
    type: `urn:signalbox:problem:${code.toLowerCase().replaceAll('_', '-')}`,
    title: code.toLowerCase().replaceAll('_', ' '),
    status: STATUS[code],
    code,
    detail,
    ...(errors.length > 0 && { errors }),
  }
}

export function sendProblem(reply: FastifyReply, problem: Problem): FastifyReply {
  return reply.status(problem.status).type('application/problem+json').send(problem)
}
