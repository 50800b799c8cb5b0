import { parseExactJson } from '../lib/exact-json.ts'
import type { Withheld } from '../model/withheld.ts'
import type { KeyedHash } from './keyed-hash.ts'
import { cleanParsed, PROMPT_CONTENT, UnreadableBody, type Withholding } from './private-json.ts'

// Private fields of plain log lines. Here any member may be an attribute, and `{"gen_ai":
// {"prompt": …}}` is one as much as `{"gen_ai.prompt": …}`; so every line is parsed, and those
// without anything private stay as they came.

type Json = Record<string, unknown>

const DEPTH_MAX = 100
/** What the event's name, and its text, may be called. */
const EVENT_NAMES = ['event_name', 'event.name', 'eventName']
const TEXT_NAMES = ['message', 'msg', 'log', 'body', 'event', 'text', '@message', 'content']
/** The body without what is private; undefined when nothing in it is. */
export function cleanLines(body: Buffer, withholding: Withholding): Buffer | undefined {
  const text = body.toString('utf8').replace(/^\ufeff/, '')
  const whole = cleanLine(text, withholding)
  if (whole.status === 'clean') return undefined
  if (whole.status === 'changed') return Buffer.from(whole.text)
  let isChanged = false
  const lines = text.split('\n').map((line) => {
    if (line.trim() === '') return line
    const cleaned = cleanLine(line, withholding)
    // One that cannot be read is refused, and goes nowhere.
    if (cleaned.status !== 'changed') return line
    isChanged = true
    return cleaned.text
  })
  return isChanged ? Buffer.from(lines.join('\n')) : undefined
}

type Line =
  | { readonly status: 'clean' | 'unreadable' }
  | { readonly status: 'changed'; readonly text: string }

function cleanLine(line: string, withholding: Withholding): Line {
  const withheld: Withheld[] = []
  const own = { ...withholding, withhold: (what: Withheld) => void withheld.push(what) }
  try {
    const parsed = parseExactJson(line)
    for (const one of Array.isArray(parsed) ? (parsed as unknown[]) : [parsed]) {
      cleanEvent(one, own)
      cleanMembers(one, { path: [], withholding: own })
    }
    cleanParsed(parsed, own)
    for (const what of withheld) withholding.withhold(what)
    return withheld.length === 0
      ? { status: 'clean' }
      : { status: 'changed', text: JSON.stringify(parsed) }
  } catch (fault) {
    if (fault instanceof SyntaxError || fault instanceof UnreadableBody)
      return { status: 'unreadable' }
    throw fault
  }
}

interface Place {
  /** The names of the members that lead here. */
  readonly path: readonly string[]
  readonly withholding: Withholding
}

function cleanMembers(node: unknown, { path, withholding }: Place): void {
  if (typeof node !== 'object' || node === null) return
  if (path.length > DEPTH_MAX) throw new UnreadableBody('nested too deeply')
  if (Array.isArray(node)) {
    // Counted as a level too, so that lists in lists end.
    for (const item of node) cleanMembers(item, { path: [...path, ''], withholding })
    return
  }
  for (const [key, value] of Object.entries(node as Json)) {
    const own = [...path, key]
    const withheld = findAny(own, withholding)
    if (!withheld) {
      cleanMembers(value, { path: own, withholding })
      continue
    }
    withholding.withhold(withheld)
    if (withheld.action === 'drop') delete (node as Json)[key]
    else (node as Json)[key] = hashMembers(value, { hash: withholding.hash, depth: path.length })
  }
}

/** The member's name alone, or with those above it before it, as they are flattened. */
function findAny(path: readonly string[], { names }: Withholding): Withheld | undefined {
  let name = ''
  for (const step of [...path].reverse()) {
    name = name === '' ? step : `${step}.${name}`
    const withheld = step === '' ? undefined : names.find(name)
    if (withheld) return withheld
  }
  return undefined
}

function cleanEvent(node: unknown, { names, withhold }: Withholding): void {
  if (typeof node !== 'object' || node === null) return
  const line = node as Json
  const isPrompt = EVENT_NAMES.some((key) => {
    const name = line[key]
    return typeof name === 'string' && names.isPromptEvent(name)
  })
  if (!isPrompt) return
  for (const key of TEXT_NAMES) {
    if (line[key] === undefined) continue
    delete line[key]
    withhold(PROMPT_CONTENT)
  }
}

/** Scalars become the hash of their text; lists and objects keep their shape. */
function hashMembers(value: unknown, given: { hash: KeyedHash; depth: number }): unknown {
  if (value === null) return null
  if (typeof value !== 'object') return given.hash(String(value))
  if (given.depth > DEPTH_MAX) throw new UnreadableBody('nested too deeply')
  const deeper = { ...given, depth: given.depth + 1 }
  if (Array.isArray(value)) return value.map((item) => hashMembers(item, deeper))
  const members = Object.entries(value).map(([key, item]) => [key, hashMembers(item, deeper)])
  return Object.fromEntries(members)
}
