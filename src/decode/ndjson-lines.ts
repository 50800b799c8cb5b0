import { parseExactJson } from '../lib/exact-json.ts'
import { BadTelemetry, toNotJson } from './bad-telemetry.ts'

// A body of JSON lines, an array of objects (Fluent Bit's `format json`), or one object that may
// span lines. Which of them it is shows in its first bytes, not in its Content-Type: older Fluent
// Bits send lines as application/json.

export type JsonObject = Readonly<Record<string, unknown>>

/** `line` counts from 1; in an array it is the place of the element. */
export type Line = { readonly line: number } & (
  | { readonly status: 'ok'; readonly object: JsonObject }
  | { readonly status: 'bad'; readonly reason: string }
)

/** Of one body, blank ones too: tiny lines become rows a hundred times their size. */
const LINES_MAX = 100_000
/** Container runtimes cut lines at 16 KiB; a whole traceback is still far below this. */
const LINE_BYTES_MAX = 1 << 20

const NEWLINE = 0x0a
const BYTE_ORDER_MARK = '\ufeff'

/**
 * Every line that is not blank.
 * @throws BadTelemetry beyond 100,000 lines
 */
export function* readLines(body: Uint8Array): Generator<Line> {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.byteLength)
  const whole = readWhole(bytes)
  if (whole === undefined) yield* readEach(bytes)
  else if (whole.length > LINES_MAX) throw tooMany()
  else for (const [index, value] of whole.entries()) yield toLine(index + 1, value)
}

function* readEach(bytes: Buffer): Generator<Line> {
  let line = 0
  for (let start = 0; start < bytes.length; ) {
    if (++line > LINES_MAX) throw tooMany()
    const newline = bytes.indexOf(NEWLINE, start)
    const end = newline === -1 ? bytes.length : newline
    if (end - start > LINE_BYTES_MAX) {
      yield { line, status: 'bad', reason: `longer than ${LINE_BYTES_MAX} bytes` }
    } else {
      const text = textOf(bytes.subarray(start, end))
      if (text !== '') yield parseLine(line, text)
    }
    start = end + 1
  }
}

/** The elements of an array, or the one object of a body whose first line is not one by itself. */
function readWhole(bytes: Buffer): readonly unknown[] | undefined {
  const head = textOf(bytes.subarray(0, 1_024))
  if (head.startsWith('[')) {
    const value = tryParse(textOf(bytes))
    return Array.isArray(value) ? value : undefined
  }
  const newline = bytes.indexOf(NEWLINE)
  if (!head.startsWith('{') || newline === -1 || newline === bytes.length - 1) return undefined
  const first = bytes.subarray(0, newline)
  if (first.length > LINE_BYTES_MAX || tryParse(textOf(first)) !== undefined) return undefined
  const value = tryParse(textOf(bytes))
  return value === undefined ? undefined : [value]
}

function parseLine(line: number, text: string): Line {
  try {
    return toLine(line, parseExactJson(text))
  } catch (fault) {
    return { line, status: 'bad', reason: toNotJson(fault) }
  }
}

function toLine(line: number, value: unknown): Line {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return { line, status: 'bad', reason: 'not a JSON object' }
  if (Object.keys(value).length === 0) return { line, status: 'bad', reason: 'an empty object' }
  return { line, status: 'ok', object: value as JsonObject }
}

function tryParse(text: string): unknown {
  try {
    return parseExactJson(text)
  } catch {
    return undefined
  }
}

/** Bytes that are no UTF-8 are replaced: half a character is no reason to lose a line. */
function textOf(bytes: Buffer): string {
  const text = bytes.toString('utf8')
  return (text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text).trim()
}

function tooMany(): BadTelemetry {
  return new BadTelemetry(`more than ${LINES_MAX} lines in one body: send smaller batches`)
}
