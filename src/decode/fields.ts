import type { Meaning, Meanings } from '../config/meanings.ts'
import type { FieldValue, Source } from '../model/observation.ts'
import type { Attributes } from './attributes.ts'
import { OLDER_NAMES } from './older-names.ts'

/** What attributes of an item may be looked up in. */
export interface Scoped {
  readonly attributes: Pick<Attributes, 'get'>
  readonly resource: Pick<Attributes, 'get'>
}

const RESOURCE = 'resource.'

/** An attribute by name (`resource.` first for the resource's), also under its older name. */
export function readAttribute(name: string, item: Scoped): FieldValue | undefined {
  const isResource = name.startsWith(RESOURCE)
  const bare = isResource ? name.slice(RESOURCE.length) : name
  return readIn(isResource ? item.resource : item.attributes, bare)
}

function readIn(set: Scoped['attributes'], name: string): FieldValue | undefined {
  const value = set.get(name)
  if (value !== undefined) return value
  const older = OLDER_NAMES.get(name)
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
  for (const name of names) {
    if (item.isServerSpan && name === 'server.address') continue
    const value = readAttribute(name, item)
    if (value !== undefined && value !== '') return value
  }
  if (item.component !== 'worker' && item.component !== 'autoscaler') return undefined
  for (const name of names) {
    const value = readIn(item.resource, name)
    if (value !== undefined && value !== '') return value
  }
  return undefined
}

export interface FieldOptions extends Scoped {
  readonly meanings: Meanings
  /** Values that stand before meanings and attributes; undefined leaves a key to those. */
  readonly builtIn: (key: string) => FieldValue | undefined
}

/** `Observation.field`: built-ins, then meanings, then attributes. */
export function createField(options: FieldOptions): (key: string) => FieldValue | undefined {
  const { builtIn, meanings } = options
  return (key) => builtIn(key) ?? readKey(key, options, meanings)
}

/** A key that is no built-in: a meaning, or just an attribute. */
export function readKey(key: string, item: Scoped, meanings: Meanings): FieldValue | undefined {
  if (Object.hasOwn(meanings, key)) return readMeaning(meanings[key as Meaning], item)
  return readAttribute(key, item)
}

/** Who sent an item, under the name of what it is. */
export function sourceField(source: Source, key: string): FieldValue | undefined {
  const isNamed = key === 'router' || key === 'worker' || key === 'autoscaler'
  return isNamed && source.component === key ? source.id : undefined
}
