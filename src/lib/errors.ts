/** Stable codes of every operational fault. Public (API `code`, logs): never rename one. */
export const ERROR_CODES = [
  'CONFIG_INVALID',
  'DATA_DIR_LOCKED',
  'PORT_IN_USE',
  'CLICKHOUSE_UNAVAILABLE',
  'CLICKHOUSE_QUERY_FAILED',
  'LOG_FULL',
  'STATE_CONFLICT',
  'BACKTEST_RUNNING',
  'NOT_FOUND',
  'BAD_REQUEST',
  'UNAUTHENTICATED',
  'FORBIDDEN',
  'PRECONDITION_REQUIRED',
  'PRECONDITION_FAILED',
  'SAFETY_REFUSED',
  'EGRESS_REFUSED',
  'NOT_READY',
  'INTERNAL',
] as const
export type ErrorCode = (typeof ERROR_CODES)[number]

/** An operational fault with a stable code. Bugs are plain Errors and are never caught. */
export class AppError extends Error {
  override readonly name = 'AppError'
  readonly code: ErrorCode
  /** Where exactly: one entry per wrong place, for problem documents and `signalbox check`. */
  readonly places: readonly ErrorPlace[]

  constructor(code: ErrorCode, message: string, details: ErrorDetails = {}) {
    super(message, { cause: details.cause })
    this.code = code
    this.places = details.places ?? []
  }
}

export interface ErrorDetails {
  readonly cause?: unknown
  readonly places?: readonly ErrorPlace[]
}

/** One wrong place: `line` counts from 1, `key` is a path such as `rules[0].trip.above`. */
export interface ErrorPlace {
  readonly file?: string
  readonly line?: number
  readonly key?: string
  readonly message: string
}

/** `file:line: key: message`, leaving out what is unknown. */
export function renderPlace(place: ErrorPlace): string {
  const at = place.line === undefined ? place.file : `${place.file ?? ''}:${place.line}`
  return [at, place.key, place.message]
    .filter((part) => part !== undefined && part !== '')
    .join(': ')
}
