import { TEXT_MAX } from './template-mask.ts'

const BLANK_MAX = 4_096
const TRACE_NEAR = 4_096
const TRACE_TAIL = 16_384
const TRACE_LINES_MAX = 200
const TRACEBACK = 'Traceback (most recent call last)'
const ERROR_LINE =
  /^(?:[A-Za-z_]\w{0,80}\.){0,8}\w{0,80}(?:Error|Exception|Exit|Interrupt|Warning)\w{0,40}(?::|$)/

/**
 * What names the kind of a log text: its first line; of a Python traceback also the line of the
 * exception that was raised last. At most TEXT_MAX characters and the rest of a line; looks at no
 * more than some kilobytes at either end, however long the text is.
 */
export function headOf(text: string): string {
  const start = firstVisible(text)
  // One more than is read, so that the masking sees that the line was cut.
  const near = text.slice(start, start + TEXT_MAX + 1)
  const end = near.indexOf('\n')
  if (end < 0) return near
  const first = near.slice(0, end)
  if (!text.slice(start, start + TRACE_NEAR).includes(TRACEBACK)) return first
  const error = lastError(text, start + end)
  return error === undefined ? first : `${first} ${error}`
}

function firstVisible(text: string): number {
  let at = 0
  while (at < BLANK_MAX && text.charCodeAt(at) <= 32) at++
  return at
}

function lastError(text: string, from: number): string | undefined {
  const lines = text.slice(Math.max(from, text.length - TRACE_TAIL)).split('\n')
  for (const line of lines.slice(-TRACE_LINES_MAX).reverse())
    if (ERROR_LINE.test(line)) return line.slice(0, TEXT_MAX)
  return undefined
}
