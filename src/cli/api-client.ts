import type { Environment } from '../config/settings.ts'
import { AppError, type ErrorPlace } from '../lib/errors.ts'

const DEADLINE_MS = 15_000

/** Calls the API of a running server; a problem document becomes an AppError with its text. */
export interface ApiClient {
  request(
    path: string,
    init?: ApiRequest,
  ): Promise<{ readonly text: string; readonly json: () => unknown }>
}

export interface ApiRequest {
  readonly method?: string
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
  /** Default 15 s. */
  readonly deadlineMs?: number
}

export function createApiClient({
  url,
  env,
}: {
  url: string | undefined
  env: Environment
}): ApiClient {
  const base = url ?? env.SIGNALBOX_URL ?? `http://127.0.0.1:${env.SIGNALBOX_PORT ?? '8080'}`
  const token = env.SIGNALBOX_TOKEN
  return {
    async request(path, { method = 'GET', body, headers = {}, deadlineMs = DEADLINE_MS } = {}) {
      const response = await fetch(new URL(path, base), {
        method,
        headers: {
          ...headers,
          ...(body !== undefined && { 'content-type': 'application/json' }),
          ...(token && { authorization: `Bearer ${token}` }),
        },
        ...(body !== undefined && { body: JSON.stringify(body) }),
        signal: AbortSignal.timeout(deadlineMs),
      }).catch((cause) => {
        throw new AppError(
          'NOT_READY',
          `no answer from ${base}; is "signalbox serve" running there?`,
          { cause },
        )
      })
      const text = await response.text()
      if (!response.ok) throw problemOf(response.status, text)
      return { text, json: () => JSON.parse(text) as unknown }
    },
  }
}

function problemOf(status: number, text: string): AppError {
  try {
    const problem = JSON.parse(text) as { detail?: string; errors?: ErrorPlace[] }
    return new AppError('BAD_REQUEST', problem.detail ?? `HTTP ${status}`, {
      places: problem.errors ?? [],
    })
  } catch {
    return new AppError('BAD_REQUEST', `HTTP ${status}: ${text.slice(0, 200)}`)
  }
}
