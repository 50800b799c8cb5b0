/**
 * Regular expressions that people write and machines' texts are searched with. JavaScript's engine
 * backtracks: `(a+)+$` takes for ever on thirty letters, and everything else would wait. So a group
 * that repeats must neither repeat nor choose inside, and of a long text only both ends are searched.
 */

const PATTERN_CHARS_MAX = 2_000
/** Of each end. What is slow is at worst quadratic in this: milliseconds. */
const END_CHARS_MAX = 8_192
/** A group may be repeated so often whatever is in it: `(\d+\.){3}`. */
const FEW = 8

/** Why the pattern is not taken, for people; undefined when it is. */
export function patternFault(pattern: string): string | undefined {
  try {
    new RegExp(pattern)
  } catch {
    return 'not a valid regular expression'
  }
  if (pattern.length > PATTERN_CHARS_MAX) return `longer than ${PATTERN_CHARS_MAX} characters`
  if (mayExplode(pattern)) {
    return 'may take for ever on some texts: a group that repeats must not have * or + or | inside'
  }
  return undefined
}

/** Whether the pattern is found in the text, or for a long one in its first or last 8,192 characters. */
export function isFound(pattern: RegExp, text: string): boolean {
  if (text.length <= 2 * END_CHARS_MAX) return pattern.test(text)
  return pattern.test(`${text.slice(0, END_CHARS_MAX)}\n${text.slice(-END_CHARS_MAX)}`)
}

/** Escapes, classes and quantifiers as one piece each; everything else by character. */
const PIECES = /\\[\s\S]|\[(?:\\[\s\S]|[^\]\\])*\]|\{\d+(?:,\d*)?\}|[\s\S]/g

/** True when a group is repeated many times that itself repeats without end or has alternatives. */
function mayExplode(pattern: string): boolean {
  const pieces = pattern.match(PIECES) ?? []
  // One flag per open group: something in it can match in more ways than one.
  const open = [false]
  for (const [index, piece] of pieces.entries()) {
    const isMany = repeatsOf(pieces[index + 1]) > FEW
    if (piece === '(') open.push(false)
    else if (piece === ')') {
      const isLoose = open.pop() ?? false
      if (isLoose && isMany) return true
      if (isLoose || isMany) open[open.length - 1] = true
    } else if (piece === '|' || isMany) open[open.length - 1] = true
  }
  return false
}

/** How often the quantifier repeats at most; 1 for anything else. */
function repeatsOf(piece: string | undefined): number {
  if (piece === '*' || piece === '+') return Number.POSITIVE_INFINITY
  const counted = piece?.match(/^\{(\d+)(,?)(\d*)\}$/)
  if (!counted) return 1
  if (counted[2] === ',' && counted[3] === '') return Number.POSITIVE_INFINITY
  return Number(counted[3] || counted[1])
}
