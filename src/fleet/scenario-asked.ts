import type { RequestOutcome, Role } from '../model/attempt.ts'
import type { Source } from '../model/observation.ts'
import type { Failure } from './scenario-failures.ts'

/** A request as it was asked; what its attempts, its spans and its verdicts share. */
export interface Asked {
  /** Counts the requests of a scenario: its ids are made of it. */
  readonly number: number
  readonly startUnixMs: number
  readonly router: Source
  readonly route: string
  readonly class: string
  readonly images: number
  readonly model: string
  readonly lora: string
  readonly variant: string
  readonly region: string
  readonly tenant: string
  readonly tier: string
  readonly session: string
  readonly promptTokens: number
}

/** One try, or the request as a whole: where it went and how it ended. */
export interface Tried {
  readonly asked: Asked
  /** Which span of the request. */
  readonly index: number
  readonly target: string
  readonly role: Role
  readonly startUnixMs: number
  readonly endUnixMs: number
  readonly outcome: RequestOutcome
  readonly failure: Failure | undefined
  readonly statusCode: number
  readonly generation: string
  readonly cost: number
  readonly attemptCount: number
}

export const hex = (value: number, length: number) => value.toString(16).padStart(length, '0')
export const traceIdOf = ({ number }: Asked) => hex(number, 32)

export interface WorkerSpan {
  readonly tried: Tried
  readonly worker: Source
  readonly stage: string
  readonly index: number
  readonly startUnixMs: number
  readonly endUnixMs: number
  readonly failure: Failure | undefined
}
