import { MEANINGS, type Meaning, type Meanings } from '../config/meanings.ts'
import type { FieldValue, Source } from '../model/observation.ts'
import type { Attributes } from './attributes.ts'

/** What attributes of an item may be looked up in. */
export interface Scoped {
  readonly attributes: Pick<Attributes, 'get'>
  readonly resource: Pick<Attributes, 'get'>
}

/** Names of before the conventions were stable; senders that still use them are understood. */
const OLDER_NAMES: Readonly<Record<string, string>> = {
  'http.response.status_code': 'http.status_code',
  'http.request.method': 'http.method',
  'url.path': 'http.target',
  'url.full': 'http.url',
  'deployment.environment.name': 'deployment.environment',
}

const RESOURCE = 'resource.'

/** An attribute by name (`resource.` first for the resource's), also under its older name. */
export function readAttribute(name: string, item: Scoped): FieldValue | undefined {
  const isResource = name.startsWith(RESOURCE)
  const bare = isResource ? name.slice(RESOURCE.length) : name
  const set = isResource ? item.resource : item.attributes
  const value = set.get(bare)
  if (value !== undefined) return value
  const older = Object.hasOwn(OLDER_NAMES, bare) ? OLDER_NAMES[bare] : undefined
  return older === undefined ? undefined : set.get(older)
}

/** The first of `names` that is present and not empty. */
export function readMeaning(names: readonly string[], item: Scoped): FieldValue | undefined {
  for (const name of names) {
    const value = readAttribute(name, item)
    if (value !== undefined && value !== '') return value
  }
  return undefined
}

/**
 * The target that an item names. `server.address` of a SERVER span is the router itself, never a
 * target; workers and autoscalers name theirs on the resource.
 */
export function readTarget(
  names: readonly string[],
  item: Scoped & { readonly isServerSpan: boolean; readonly component: Source['component'] },
): FieldValue | undefined {
  const own = item.isServerSpan ? names.filter((name) => name !== 'server.address') : names
  const value = readMeaning(own, item)
  const isTarget = item.component === 'worker' || item.component === 'autoscaler'
  if (value !== undefined || !isTarget) return value
  return readMeaning(
    names.map((name) => RESOURCE + name),
    item,
  )
}

export interface FieldOptions extends Scoped {
  readonly meanings: Meanings
  /** Values that stand before meanings and attributes; undefined leaves a key to those. */
  readonly builtIn: (key: string) => FieldValue | undefined
}

/** `Observation.field`: built-ins, then meanings, then attributes. */
export function createField({
  builtIn,
  meanings,
  ...item
}: FieldOptions): (key: string) => FieldValue | undefined {
  return (key) => {
    const value = builtIn(key)
    if (value !== undefined) return value
    if (Object.hasOwn(meanings, key)) return readMeaning(meanings[key as Meaning], item)
    return readAttribute(key, item)
  }
}

/** Who sent an item, under the name of what it is. */
export function sourceField(source: Source, key: string): FieldValue | undefined {
  const isNamed = key === 'router' || key === 'worker' || key === 'autoscaler'
  return isNamed && source.component === key ? source.id : undefined
}

const BUILT_IN = new Set<string>([
  ...MEANINGS,
  ...['autoscaler', 'role', 'outcome', 'service', 'name', 'kind', 'status', 'status_message'],
  ...['duration', 'severity', 'body', 'event', 'metric', 'value', 'template'],
  ...Object.keys(OLDER_NAMES),
])

/** Whether a key of a rule means just the attribute of that name, of the item itself or an event. */
export function isPlainAttribute(key: string): boolean {
  return !BUILT_IN.has(key) && !key.startsWith(RESOURCE)
}
