// Where things in a log line begin, end and belong together, for its masking.

/** A full stop or a dash at the end of a word belongs to the sentence. */
export function isTrailing(code: number): boolean {
  return code === 46 || code === 45
}

/** Whether the letters from `start` to `stop` are hex digits. */
export function isHex(text: string, start: number, stop: number): boolean {
  for (let at = start; at < stop; at++) {
    const lower = text.charCodeAt(at) | 0x20
    if (lower < 97 || lower > 102) return false
  }
  return true
}

const VALUE_ENDS = ' \t\n\r,;()[]{}"\'`&<>|'

export function endsValue(text: string, at: number): boolean {
  return VALUE_ENDS.includes(text.charAt(at))
}

const LINK_ENDS = ' \t\n\r"\'`<>|,;)]}'

export function endsLink(text: string, at: number): boolean {
  return LINK_ENDS.includes(text.charAt(at))
}

const GAP_LENGTH_MAX = 4

/** Whether what stands between two masked things makes them a list, or parts of one thing. */
export function isListGap(text: string, from: number, to: number): boolean {
  if (to - from > GAP_LENGTH_MAX) return false
  let isOnlyBlank = to > from
  for (let at = from; at < to; at++) {
    const char = text.charAt(at)
    if (char !== ' ') isOnlyBlank = false
    if (!' ,:;*<|'.includes(char)) return false
  }
  return !isOnlyBlank
}

const BAR_LENGTH_MAX = 240

/** Where a progress bar ends that begins at `at` with `|`. */
export function barEnd(text: string, at: number): number {
  const end = text.indexOf('|', at + 1)
  return end > 0 && end - at <= BAR_LENGTH_MAX ? end + 1 : at
}

/** Whether a quote at `at` may begin a key: behind `{` or `,`. */
export function isKeyPlace(text: string, at: number): boolean {
  let before = at - 1
  while (text.charCodeAt(before) <= 32) before--
  const char = text.charAt(before)
  return char === '{' || char === ','
}
