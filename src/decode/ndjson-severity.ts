import { type Fields, type Scalar, toFilledText } from './ndjson-fields.ts'

/** As OTLP has it: number 1..24, 0 unknown; the sender's own word, '' when it sent none. */
export interface Severity {
  readonly number: number
  readonly text: string
}

const WORD_NAMES = ['severity_text', 'severitytext', 'severity']
const LEVEL_NAMES = [
  ...['level', 'log.level', 'loglevel', 'log_level', 'levelname', 'lvl'],
  'record.level.name',
]
const NUMBER_NAMES = ['severity_number', 'severitynumber']
/** A longer value is no severity. */
const WORD_CHARS_MAX = 32

const NUMBERS: Readonly<Record<string, number>> = {
  ...{ trace: 1, verbose: 1, debug: 5, info: 9, information: 9, informational: 9, notice: 10 },
  ...{ success: 9, warn: 13, warning: 13, error: 17, err: 17, severe: 17, dpanic: 18 },
  // OpenTelemetry's own bridges: Python's CRITICAL is FATAL, syslog's alert is ERROR3.
  ...{ crit: 18, panic: 19, alert: 19, critical: 21, fatal: 21, emerg: 21, emergency: 21 },
}
/** pino and bunyan: 10 trace … 60 fatal, and own levels between. */
const TENS = [1, 5, 9, 13, 17, 21] as const
/** Syslog: 0 emergency … 7 debug (OpenTelemetry, Logs data model, appendix B). */
const SYSLOG = [21, 19, 18, 17, 13, 10, 9, 5] as const
const WORDS = ['TRACE', 'DEBUG', 'INFO', 'WARN', 'ERROR', 'FATAL'] as const

/**
 * Words under any usual name. Numbers mean what their name says: 1..24 under `severity_number`,
 * 0..7 only under `priority`, and 10..60 as pino and bunyan count under `level` and its like.
 */
export function takeSeverity(fields: Fields): Severity {
  const number = fields.take(NUMBER_NAMES, (value) => numberWithin(value, { min: 1, max: 24 }))
  const severity =
    fields.take(WORD_NAMES, fromWord) ??
    fields.take(LEVEL_NAMES, (value) => fromTens(value) ?? fromWord(value)) ??
    fields.take(['priority'], (value) => fromSyslog(value) ?? fromWord(value))
  if (number !== undefined) return { number, text: severity?.text ?? wordOf(number) }
  return severity ?? { number: 0, text: '' }
}

function fromWord(value: Scalar): Severity | undefined {
  const text = toFilledText(value)?.trim()
  if (!text || text.length > WORD_CHARS_MAX || !Number.isNaN(Number(text))) return undefined
  const word = text.toLowerCase()
  return { number: Object.hasOwn(NUMBERS, word) ? (NUMBERS[word] ?? 0) : 0, text }
}

function fromTens(value: Scalar): Severity | undefined {
  const level = numberWithin(value, { min: 10, max: 69 })
  return level === undefined ? undefined : named(TENS[Math.floor(level / 10) - 1])
}

function fromSyslog(value: Scalar): Severity | undefined {
  const level = numberWithin(value, { min: 0, max: 7 })
  return level === undefined ? undefined : named(SYSLOG[level])
}

function named(number = 0): Severity {
  return { number, text: wordOf(number) }
}

function wordOf(number: number): string {
  return WORDS[Math.floor((number - 1) / 4)] ?? ''
}

/** A whole number, also written as text. */
function numberWithin(
  value: Scalar,
  { min, max }: { readonly min: number; readonly max: number },
): number | undefined {
  const number = typeof value === 'string' && /^\d{1,2}$/.test(value) ? Number(value) : value
  if (typeof number !== 'number' || !Number.isInteger(number)) return undefined
  return number >= min && number <= max ? number : undefined
}
