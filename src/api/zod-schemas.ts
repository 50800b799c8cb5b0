import type { FastifyInstance, FastifySchema } from 'fastify'
import { z } from 'zod'
import { AppError } from '../lib/errors.ts'

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

/** For @fastify/swagger: zod out, JSON Schema in. */
export function toOpenApi({ schema, url }: { schema: FastifySchema; url: string }) {
  const converted: Record<string, unknown> = { ...schema }
  for (const part of PARTS) {
    if (schema?.[part] instanceof z.ZodType) converted[part] = jsonSchemaOf(schema[part], 'input')
  }
  if (schema?.response) {
    converted.response = Object.fromEntries(
      Object.entries(schema.response).map(([status, value]) => [
        status,
        value instanceof z.ZodType ? jsonSchemaOf(value, 'output') : value,
      ]),
    )
  }
  return { schema: converted as FastifySchema, url }
}

function jsonSchemaOf(schema: z.ZodType, io: 'input' | 'output') {
  const { $schema, ...rest } = z.toJSONSchema(schema, {
    io,
    target: 'openapi-3.0',
    unrepresentable: 'any',
  })
  return rest
}
