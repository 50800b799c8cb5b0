import { type Fields, type Scalar, toFilledText } from './ndjson-fields.ts'

// Loggers agree on nothing but that there is a type, a message and a stack: pino and bunyan have
// `err`, ECS `error`, Python `exc_info`, zap `error` and `stacktrace`. All become OpenTelemetry's
// `exception.*`, so that one rule reads them.

const TYPE_NAMES = [
  ...['exception.type', 'error.type', 'err.type', 'exc_type', 'record.exception.type'],
  ...['exception.name', 'error.name', 'err.name', 'error.kind'],
]
const MESSAGE_NAMES = [
  ...['exception.message', 'error.message', 'err.message', 'record.exception.value'],
]
const STACK_NAMES = [
  ...['exception.stacktrace', 'exception.stack', 'error.stack_trace', 'error.stack', 'err.stack'],
  ...['stacktrace', 'stack_trace', 'stack', 'exc_info', 'exc_text', 'errorverbose'],
]
/** One string for all of it: a message, or a whole traceback. */
const WHOLE_NAMES = ['exception', 'error', 'err']

const SAID = /^([A-Za-z_$][\w.$]*): (.+)$/
const PYTHON = /^Traceback \(most recent call last\)/m
/** A type alone, as Python writes an exception without a message. */
const BARE = /^([A-Za-z_][\w.]*)$/

/** Only what the line says, or its stack; nothing when it speaks of no exception. */
export function takeException(fields: Fields): ReadonlyMap<string, Scalar> {
  const whole = fields.take(WHOLE_NAMES, toFilledText)
  const stack = fields.take(STACK_NAMES, toFilledText) ?? (isStack(whole) ? whole : undefined)
  const message = fields.take(MESSAGE_NAMES, toFilledText) ?? (isStack(whole) ? undefined : whole)
  const type = fields.take(TYPE_NAMES, toFilledText)
  const told = stack === undefined ? undefined : readStack(stack)
  const found: [string, string | undefined][] = [
    ['exception.type', type ?? told?.type],
    ['exception.message', message ?? told?.message],
    ['exception.stacktrace', stack],
  ]
  return new Map(found.filter((pair): pair is [string, string] => pair[1] !== undefined))
}

function isStack(text: string | undefined): text is string {
  return text?.includes('\n') === true
}

/** Python says what happened in the last line that is not indented, everyone else in the first. */
function readStack(stack: string): { type: string; message?: string } | undefined {
  const lines = stack.trimEnd().split('\n')
  const isPython = PYTHON.test(stack)
  const line = isPython
    ? lines.findLast((text) => SAID.test(text) || BARE.test(text))
    : lines[0]?.trimEnd()
  const [, type, message] = SAID.exec(line ?? '') ?? ((isPython && BARE.exec(line ?? '')) || [])
  return type === undefined ? undefined : { type, ...(message !== undefined && { message }) }
}
