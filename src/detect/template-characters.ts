// What single characters of a log line are to its masking.

export const LETTER = 1
export const DIGIT = 2
/** Inside of words: `- + ~ %`. */
const JOINT = 4
/** Inside of words, and a hint that one is a name: `. / @ \`. */
export const NAMING = 8
export const WORD = LETTER | DIGIT | JOINT | NAMING
export const BLANK = 16
export const QUOTE = 32
const OTHER = 64

const KINDS = new Uint8Array(128).fill(OTHER)
KINDS.fill(BLANK, 0, 33)
KINDS.fill(DIGIT, 48, 58)
KINDS.fill(LETTER, 65, 91)
KINDS.fill(LETTER, 97, 123)
const setKind = (chars: string, kind: number) => {
  for (const char of chars) KINDS[char.charCodeAt(0)] = kind
}
setKind('_', LETTER)
setKind('-+~%', JOINT)
setKind('./@\\', NAMING)
setKind('\'"`', QUOTE)

/** The kind of a character; that of none at all (NaN) is OTHER. */
export function kindOf(code: number): number {
  if (code < 128) return KINDS[code] as number
  // Accented, Greek and Cyrillic letters are letters. Punctuation, boxes and bars are none; nor is
  // whatever is written without spaces: one digit would mask a whole Chinese sentence.
  return code < 0x2000 && code !== 0xa0 ? LETTER : OTHER
}
