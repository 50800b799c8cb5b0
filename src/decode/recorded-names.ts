import type { Meaning, Meanings } from '../config/meanings.ts'
import { VARYING_KEYS } from '../model/observation.ts'
import { OLDER_NAMES } from './older-names.ts'

// Which attributes, and which further columns of items, hold the fields that rules read.

/**
 * Names of attributes under which fields may be found: of the item, its resource or its exception, so
 * that one list serves for all three.
 */
export function attributeNames(keys: Iterable<string>, meanings: Meanings): readonly string[] {
  const names = new Set<string>()
  const add = (name: string) => {
    const bare = name.startsWith(RESOURCE) ? name.slice(RESOURCE.length) : name
    names.add(bare)
    const older = OLDER_NAMES.get(bare)
    if (older !== undefined) names.add(older)
  }
  for (const key of keys) {
    if (key === 'event' || key === 'name') add('event.name')
    const meant = Object.hasOwn(meanings, key) ? meanings[key as Meaning] : [key]
    for (const name of meant) add(name)
  }
  return [...names].sort()
}

const RESOURCE = 'resource.'

/**
 * Of the attributes that these keys are read from, those that are read for nothing but keys whose
 * values hardly ever come again.
 */
export function varyingNames(keys: Iterable<string>, meanings: Meanings): readonly string[] {
  const all = [...keys]
  const steady = all.filter((key) => !VARYING_KEYS.has(key))
  const fixed = new Set([...attributeNames(steady, meanings), ...senderNames(meanings)])
  const varying = attributeNames(
    all.filter((key) => VARYING_KEYS.has(key)),
    meanings,
  )
  return varying.filter((name) => !fixed.has(name))
}

/** Columns of spans beside those that every reading takes. */
export function spanColumns(keys: ReadonlySet<string>): readonly string[] {
  return Object.entries(SPAN_COLUMNS).flatMap(([key, column]) => (keys.has(key) ? [column] : []))
}

const SPAN_COLUMNS = { request_id: 'TraceId', status_message: 'StatusMessage', event: 'LastEvent' }

/** Attributes of a resource that say who sends. */
export function senderNames(meanings: Meanings): readonly string[] {
  return [...attributeNames(['target'], meanings), ...meanings.instance.map(bareName), ...SENDERS]
}

const SENDERS = ['service.name', 'signalbox.component']
const bareName = (name: string) => (name.startsWith(RESOURCE) ? name.slice(RESOURCE.length) : name)
