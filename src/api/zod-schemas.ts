import type { FastifyInstance, FastifySchema } from 'fastify'
import { z } from 'zod'
import { AppError } from '../lib/errors.ts'
import { ANSWERS, Problem } from './answer-schemas.ts'

// Fastify speaks JSON Schema, we speak zod: requests are validated by zod itself, and the OpenAPI
// document is made from the same schemas, so that neither can drift from the other.

const PARTS = ['body', 'querystring', 'params', 'headers'] as const

/** Lets routes of `app` carry zod schemas. */
export function useZod(app: FastifyInstance): void {
  app.setValidatorCompiler(({ schema, httpPart }) => (data) => {
    const parsed = (schema as z.ZodType).safeParse(data ?? {})
    if (parsed.success) return { value: parsed.data }
    return { error: invalidRequest(parsed.error, httpPart ?? 'body') }
  })
  app.setSerializerCompiler(() => (data) => JSON.stringify(data))
}

function invalidRequest(error: z.ZodError, part: string): AppError {
  const places = error.issues.map((issue) => ({
    key: issue.path.join('.') || part,
    message:
      issue.code === 'unrecognized_keys' ? `unknown key ${issue.keys.join(', ')}` : issue.message,
  }))
  const first = places[0]
  return new AppError('BAD_REQUEST', `${part}: ${first?.key}: ${first?.message}`, { places })
}

interface RouteOfDocument {
  readonly schema: FastifySchema
  readonly url: string
  readonly route: { readonly method: string | readonly string[] }
}

/** For @fastify/swagger: zod out, JSON Schema in, with what is answered and how faults are told. */
export function toOpenApi({ schema, url, route }: RouteOfDocument) {
  const converted: Record<string, unknown> = { ...schema }
  for (const part of PARTS) {
    if (schema?.[part] instanceof z.ZodType) converted[part] = jsonSchemaOf(schema[part], 'input')
  }
  const { status = 200, schema: answer } = ANSWERS[`${String(route.method)} ${url}`] ?? {}
  const body = answer && { content: { 'application/json': contentOf(answer) } }
  converted.response = {
    [status]: { description: status === 204 ? 'Done, nothing to tell' : 'Success', ...body },
    default: {
      description: 'A problem document (RFC 9457); `code` is stable',
      content: { 'application/problem+json': contentOf(Problem) },
    },
  }
  return { schema: converted as FastifySchema, url }
}

function contentOf(schema: z.ZodType) {
  return { schema: jsonSchemaOf(schema, 'output') }
}

function jsonSchemaOf(schema: z.ZodType, io: 'input' | 'output') {
  const { $schema, ...rest } = z.toJSONSchema(schema, {
    io,
    target: 'openapi-3.0',
    unrepresentable: 'any',
  })
  return rest
}
