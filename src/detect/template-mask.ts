import { BLANK, DIGIT, kindOf, LETTER, NAMING, QUOTE, WORD } from './template-characters.ts'
import {
  barEnd,
  endsLink,
  endsValue,
  isHex,
  isKeyPlace,
  isListGap,
  isTrailing,
} from './template-edges.ts'
import { isDateWord, isName, isTelling, MARK, opensProse, unitEnd } from './template-words.ts'

// Masking: the parameters of a log line become `<*>`, by the look of the line alone. One pass over
// its characters, since every line of a fleet comes through here: about 1 µs for 100 characters.
//
// A word is a run of letters, digits and `_ - . / @ \ + ~ %`. Masked are words with a digit (numbers,
// ids, uuids, hex, addresses, versions, generated names), paths, URLs, names of data files, quoted
// strings, values of `key=value`, a number's unit, progress bars; lists of masked things are one.
// Kept are the method and the status of HTTP request lines, NVIDIA's Xid codes, and values of keys
// that tell what happened (`error=timeout`). Colours are dropped, white space is one space.

/** Of a line, so much is looked at: characters (UTF-16 units), and words between white space. */
export const TEXT_MAX = 1_024
export const TOKENS_MAX = 64

export interface Masker {
  /** The masked line, of at most 2 · TEXT_MAX characters and TOKENS_MAX words; total. */
  mask(text: string): string
}

/** Not to be shared between threads; holds no memory of lines. */
export function createMasker(): Masker {
  return new LineMasker()
}

const ESCAPE = '\u001b'
const COLOUR = new RegExp(`${ESCAPE}\\[[\\d;?]*[A-Za-z]`, 'g')
const SPACE = 32
const QUESTION = 63
const COLON = 58
const EQUALS = 61
const BAR = 124
const PERCENT = 37
const BACKSLASH = 92

class LineMasker implements Masker {
  #text = ''
  #end = 0
  #at = 0
  /** What stands before is already written to `#out`. */
  #from = 0
  #out = ''
  #tokenCount = 0
  /** Where the last masked thing ended: in the text, in `#out`, and in words. */
  #maskedTo = -1
  #outAtMask = 0
  #tokensAtMask = 0
  /** A quote that closes what is masked as prose. */
  #proseEnd = -1
  /** The next short number is a code, and is kept. */
  #keepsCode = false
  /** Kinds of quotes that open and do not close. */
  #unclosed = ''
  /** The word just read, up to `#at`, and the kinds of its characters. */
  #start = 0
  #seen = 0

  mask(line: string): string {
    const text = line.includes(ESCAPE) ? line.replace(COLOUR, '') : line
    this.#text = text
    this.#end = Math.min(text.length, TEXT_MAX)
    this.#at = this.#from = this.#tokenCount = 0
    this.#maskedTo = this.#proseEnd = -1
    this.#out = this.#unclosed = ''
    this.#keepsCode = false
    while (this.#at < this.#end && this.#tokenCount < TOKENS_MAX) {
      const kind = kindOf(text.charCodeAt(this.#at))
      if ((kind & WORD) !== 0) this.#word()
      else if (kind === BLANK) this.#blank()
      else if (kind === QUOTE) this.#quote()
      else this.#at++
    }
    return (this.#out + text.slice(this.#from, Math.min(this.#at, this.#end))).trimEnd()
  }

  #blank(): void {
    const text = this.#text
    const start = this.#at
    let at = start + 1
    while (text.charCodeAt(at) <= SPACE) at++
    this.#at = at
    const isFirst = start === this.#from && this.#out === ''
    if (!isFirst) this.#tokenCount++
    if (at === start + 1 && text.charCodeAt(start) === SPACE && !isFirst) return
    if (!isFirst) this.#out += `${text.slice(this.#from, start)} `
    this.#from = at
  }

  #word(): void {
    const text = this.#text
    const start = this.#at
    let seen = 0
    let stop = start
    for (; stop < this.#end; stop++) {
      const kind = kindOf(text.charCodeAt(stop))
      if ((kind & WORD) === 0) break
      seen |= kind
    }
    while (stop > start + 1 && isTrailing(text.charCodeAt(stop - 1))) stop--
    this.#at = stop
    this.#start = start
    this.#seen = seen
    const next = text.charCodeAt(stop)
    if (next === COLON && text.startsWith('://', stop)) this.#mask(start, this.#linkEnd(stop))
    else if (this.#isParameter()) this.#mask(start, this.#parameterEnd(next))
    else if (next === EQUALS) this.#value()
  }

  /** Whether the word from `#start` to `#at` is one. */
  #isParameter(): boolean {
    const text = this.#text
    const start = this.#start
    if ((this.#seen & DIGIT) !== 0) return !this.#isCode()
    if (this.#seen !== LETTER) return isName(text.slice(start, this.#at))
    if (this.#at - start === 3) {
      if (text.startsWith('Xid', start)) this.#keepsCode = true
      else if (isDateWord(text, start)) return true
    }
    // Further groups of an address in hex: `3b:af:00`, `fe80::c`.
    if (start - this.#maskedTo > 2 || this.#maskedTo < 0 || this.#at - start > 4) return false
    return text.charCodeAt(start - 1) === COLON && isHex(text, start, this.#at)
  }

  /** The number behind `Xid (…):` and behind `HTTP/1.1"`: it says what happened. */
  #isCode(): boolean {
    const start = this.#start
    if (this.#text.startsWith('HTTP/', start)) {
      this.#keepsCode = true
      return true
    }
    if (!this.#keepsCode || this.#seen !== DIGIT || this.#at - start > 3) return false
    if (start > 0 && this.#text.charCodeAt(start - 1) !== SPACE) return false
    this.#keepsCode = false
    return true
  }

  #parameterEnd(next: number): number {
    const text = this.#text
    const stop = this.#at
    if (next === BAR && text.charCodeAt(stop - 1) === PERCENT) return barEnd(text, stop)
    if (next === QUESTION && (this.#seen & NAMING) !== 0) return this.#linkEnd(stop)
    return (this.#seen & LETTER) === 0 ? unitEnd(text, stop) : stop
  }

  /** Of `key=value`; the key was just read. */
  #value(): void {
    const text = this.#text
    const key = text.slice(this.#start, this.#at)
    const at = this.#at + 1
    const kind = at < this.#end ? kindOf(text.charCodeAt(at)) : BLANK
    this.#at = at
    if (kind === BLANK || text.charCodeAt(at) === EQUALS) return
    const isProse = isTelling(key)
    if (kind === QUOTE) {
      if (isProse) this.#prose(at)
      else this.#quote()
    } else if (!isProse && !'([{<'.includes(text.charAt(at))) {
      let end = at
      while (end < this.#end && !endsValue(text, end)) end++
      while (end > at + 1 && isTrailing(text.charCodeAt(end - 1))) end--
      if (end > at) this.#mask(at, end)
    }
  }

  #quote(): void {
    const text = this.#text
    const start = this.#at
    const isInside = start > 0 && (kindOf(text.charCodeAt(start - 1)) & (LETTER | DIGIT)) !== 0
    this.#at = start + 1
    // An apostrophe, the end of prose, or the quote of a line that is quoted as a whole.
    const isWhole = this.#out === '' && this.#from === start
    if (isInside || isWhole || start === this.#proseEnd) return
    const end = this.#quoteEnd(start)
    if (end <= start + 1) return
    if (text.charCodeAt(end + 1) === COLON && isKeyPlace(text, start)) this.#key(end)
    else if (opensProse(text, start)) this.#prose(start)
    else this.#mask(start, Math.min(end + 1, this.#end))
  }

  /** The quoted key of an object, up to `end`; what it holds may tell what happened. */
  #key(end: number): void {
    const text = this.#text
    const key = text.slice(this.#at, end)
    this.#proseEnd = end
    if (!isTelling(key)) return
    let at = end + 2
    while (text.charCodeAt(at) === SPACE) at++
    if (at < this.#end && kindOf(text.charCodeAt(at)) === QUOTE) this.#prose(at)
  }

  /** Goes on behind the quote at `start`; what it encloses is masked word by word. */
  #prose(start: number): void {
    this.#proseEnd = this.#quoteEnd(start)
    this.#at = start + 1
  }

  /** Where the quote at `start` closes; −1 when it does not. Of a cut line, its end. */
  #quoteEnd(start: number): number {
    const text = this.#text
    const mark = text.charAt(start)
    const none = text.length > this.#end ? this.#end : -1
    // What did not close before does not close later either.
    if (this.#unclosed.includes(mark)) return none
    for (let at = text.indexOf(mark, start + 1); at >= 0 && at < this.#end; ) {
      const isLast = (kindOf(text.charCodeAt(at + 1)) & (LETTER | DIGIT)) === 0
      if ((isLast || at + 1 >= text.length) && text.charCodeAt(at - 1) !== BACKSLASH) return at
      at = text.indexOf(mark, at + 1)
    }
    this.#unclosed += mark
    return none
  }

  #linkEnd(from: number): number {
    let end = from
    while (end < this.#end && !endsLink(this.#text, end)) end++
    while (isTrailing(this.#text.charCodeAt(end - 1)) && end > from + 1) end--
    return end
  }

  #mask(start: number, stop: number): void {
    const text = this.#text
    if (this.#maskedTo >= 0 && isListGap(text, this.#maskedTo, start)) {
      this.#out = this.#out.slice(0, this.#outAtMask)
      this.#tokenCount = this.#tokensAtMask
    } else {
      this.#out += text.slice(this.#from, start) + MARK
      this.#outAtMask = this.#out.length
      this.#tokensAtMask = this.#tokenCount
    }
    this.#from = this.#at = this.#maskedTo = stop
  }
}
