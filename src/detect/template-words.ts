// What the masking of log lines knows about words: which are parameters although they hold no
// digit, which follow a number as its unit, and which keys have a value that says what happened.

/** Written for whatever varies between lines of one kind, as in Drain3. */
export const MARK = '<*>'

const UNITS = new Set(
  [
    'b byte bytes kb kib mb mib gb gib tb tib kb/s kib/s mb/s mib/s gb/s gib/s mbps gbps',
    'ns us µs μs ms s sec secs second seconds m min mins minute minutes h hr hrs hour hours d day',
    'days % hz khz mhz ghz w kw c px fps rps it/s s/it img/s images/s step/s steps/s tok/s token/s',
    'tokens/s req/s requests/s',
  ]
    .join(' ')
    .split(' '),
)
const UNIT_LENGTH_MAX = 10

/**
 * Where the unit behind a number ends, so that `1.35 GiB` and `512 MiB` are one parameter; `at`
 * itself when no unit stands there.
 */
export function unitEnd(text: string, at: number): number {
  const start = text.charCodeAt(at) === SPACE ? at + 1 : at
  let end = start
  while (end - start <= UNIT_LENGTH_MAX && isUnitLetter(text.charCodeAt(end))) end++
  if (end === start || end - start > UNIT_LENGTH_MAX) return at
  return UNITS.has(text.slice(start, end).toLowerCase()) ? end : at
}

// Letters, `/`, `%`, and the two signs for micro.
function isUnitLetter(code: number): boolean {
  const lower = code | 0x20
  if (lower >= 97 && lower <= 122) return true
  return code === 47 || code === 37 || code === 0xb5 || code === 0x3bc
}

const SPACE = 32
const DATA_FILE =
  /\.(?:safetensors|ckpt|pth?|bin|onnx|gguf|plan|engine|png|jpe?g|webp|gif|mp4|json|ya?ml|csv|parquet|zip|tar|gz|lock|sock|tmp|log)$/i
/** The alphabet of Kubernetes' generated names has no vowels; some have no digit either. */
const GENERATED_NAME = /[a-z0-9]-[bcdfghjklmnpqrstvwxz]{5}$/

/** Whether a word without a digit but with `/ @ \ . -` in it is a path, an address or a name. */
export function isName(word: string): boolean {
  const first = word.indexOf('/')
  // A relative path of two parts is more often prose: and/or, nvidia.com/gpu.
  if (first === 0 || (first > 0 && word.indexOf('/', first + 1) > 0)) return true
  if (first > 0 && (word.startsWith('./') || word.startsWith('~/'))) return true
  if (word.indexOf('@') > 0 || word.indexOf('\\') > 0) return true
  if (word.indexOf('.') > 0 && DATA_FILE.test(word)) return true
  return word.indexOf('-') > 0 && GENERATED_NAME.test(word)
}

const CALENDAR = new Set('Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' '))
const WEEKDAYS = new Set('Mon Tue Wed Thu Fri Sat Sun'.split(' '))

/** Whether a word of three letters is part of a date like `Mon Jan  5`, seen by what follows it. */
export function isDateWord(text: string, start: number): boolean {
  const word = text.slice(start, start + 3)
  const isWeekday = WEEKDAYS.has(word)
  if (!isWeekday && !CALENDAR.has(word)) return false
  let at = start + 3
  if (text.charCodeAt(at) === 44) at++
  while (text.charCodeAt(at) === SPACE && at - start < 6) at++
  const code = text.charCodeAt(at)
  if (code >= 48 && code <= 57) return true
  return isWeekday && CALENDAR.has(text.slice(at, at + 3))
}

const TELLING = new Set(
  [
    'msg message event error err exception reason type kind level lvl severity status state',
    'outcome result op action phase stage cause code component logger detail',
  ]
    .join(' ')
    .split(' '),
)

/** Whether the value of `key=value` says what happened, and is masked like prose, not as a whole. */
export function isTelling(key: string): boolean {
  return TELLING.has(key) || TELLING.has(key.toLowerCase())
}

const REQUEST_LINE = /^(?:GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS) /

/**
 * Whether the quote at `at` opens something to be read: a request line (`"GET /v1/images HTTP/1.1"`),
 * whose method is kept, or the message behind the header of a klog line (`… server.go:59] "Started"`).
 */
export function opensProse(text: string, at: number): boolean {
  if (text.charCodeAt(at - 1) === SPACE && text.charCodeAt(at - 2) === 93) return true
  const code = text.charCodeAt(at + 1)
  if (code < 68 || code > 80) return false
  return REQUEST_LINE.test(text.slice(at + 1, at + 9))
}
