import { BadTelemetry } from './bad-telemetry.ts'
import type { JsonObject } from './ndjson-lines.ts'
import { isPromptText } from './prompt-text.ts'

/** A flat value of a line; arrays, and objects that lie too deep, are JSON text. */
export type Scalar = string | number | boolean

/** The fields of one line, flattened with dots, from which the known ones are taken one by one. */
export interface Fields {
  /** The value under a name in any case; undefined when absent or taken. */
  get(name: string): Scalar | undefined
  /** Takes the first of `names` (lower case, any case in the line) whose value `read` accepts. */
  take<T>(names: readonly string[], read: (value: Scalar) => T | undefined): T | undefined
  /** What nobody took, in the order of the line. */
  readonly rest: ReadonlyMap<string, Scalar>
  /** Fields left out because their flattened name is too long. */
  readonly droppedCount: number
}

/** Objects below this become JSON text. */
const FLAT_DEPTH_MAX = 8
/** A line that nests deeper is refused. */
const DEPTH_MAX = 64
/** Of flattened names: without a bound, one long key over many members would fill the memory. */
const NAME_CHARS_MAX = 256

/** Vector and others write OpenTelemetry's own fields as objects: these are no names of their own. */
const WRAPPERS: Readonly<Record<string, string>> = {
  attributes: '',
  resource: 'resource.',
  resources: 'resource.',
}

/** @throws BadTelemetry when the line nests more than 64 levels deep */
export function readFields(object: JsonObject): Fields {
  const rest = new Map<string, Scalar>()
  let droppedCount = 0
  const add = (members: JsonObject, { prefix, depth }: { prefix: string; depth: number }) => {
    for (const [key, value] of Object.entries(members)) {
      const name = prefix + key
      if (value === null || isPromptText(key)) continue
      if (name.length > NAME_CHARS_MAX) droppedCount++
      else if (typeof value !== 'object') rest.set(name, value as Scalar)
      else if (Array.isArray(value) || depth >= FLAT_DEPTH_MAX) rest.set(name, toJson(value))
      else {
        const wrapped = depth === 1 && Object.hasOwn(WRAPPERS, key) ? WRAPPERS[key] : undefined
        add(value as JsonObject, { prefix: wrapped ?? `${name}.`, depth: depth + 1 })
      }
    }
  }
  add(object, { prefix: '', depth: 1 })
  const names = new Map<string, string>()
  for (const name of rest.keys()) {
    const lower = name.toLowerCase()
    if (!names.has(lower)) names.set(lower, name)
  }
  const peek = (lower: string) => {
    const name = names.get(lower)
    return name === undefined ? undefined : rest.get(name)
  }
  return {
    rest,
    droppedCount,
    get: peek,
    take(wanted, read) {
      for (const lower of wanted) {
        const value = peek(lower)
        const taken = value === undefined ? undefined : read(value)
        if (taken === undefined) continue
        rest.delete(names.get(lower) ?? '')
        return taken
      }
      return undefined
    },
  }
}

/** The text of a value that says something. */
export function toFilledText(value: Scalar): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined
}

function toJson(value: object): string {
  if (isDeeper(value, DEPTH_MAX)) throw new BadTelemetry(`nested deeper than ${DEPTH_MAX} levels`)
  return JSON.stringify(value, (key, member) => (isPromptText(key) ? undefined : member))
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false
  return levels === 0 || Object.values(value).some((member) => isDeeper(member, levels - 1))
}
