import type { Interner } from '../lib/interner.ts'
import type { WordColumn } from '../lib/native-words.ts'
import type { Withheld } from '../model/withheld.ts'
import { compareUtf8 } from './attribute-value.ts'
import { COUNTED_KEYS } from './counted.ts'

// Most items of a sender have the same keys in the same order. That sequence is a shape: what it
// means (sorted order, duplicates, what is private, which rules could care) is worked out once. A
// shape is found by walking from the root, one key at a time, and the next key is nearly always the
// one that came last time.

export interface Shape {
  /** The key that led here, as the interner numbers it. */
  readonly keyId: number
  readonly parent: Shape | undefined
  /** The child that was taken last, and all others by key. */
  next: Shape | undefined
  others: Map<number, Shape> | undefined
  /** Undefined until it is asked for. */
  facts: ShapeFacts | undefined
}

export interface ShapeFacts {
  /** Places of the pairs to store: by the UTF-8 bytes of their keys, the last of a key only. */
  readonly order: Int32Array
  /** All other places: what a later pair replaces, or privacy drops. */
  readonly hidden: Int32Array
  /** The place of a key's last value; withheld ones are not there. */
  readonly places: ReadonlyMap<string, number>
  /** By place; undefined when no key is private. */
  readonly withheld: readonly (Withheld | undefined)[] | undefined
  /** Of each of `COUNTED_KEYS`, its place; -1 where it is not there, or is private. */
  readonly counted: Int32Array
  /** Bits of the keys that the decoder is asked to watch for. */
  readonly watched: number
  /** Indexes of the keys in `order`, good while `serial` is the column's. */
  readonly indexes: Uint32Array
  owner: WordColumn | undefined
  serial: number
  /** What of it counts for whoever hashes it, by who that is; see `pair-hashes.ts`. */
  readonly plans: (HashPlan | undefined)[]
}

export interface HashPlan {
  readonly owner: object
  readonly steps: Int32Array
}

export interface ShapeOptions {
  readonly interner: Interner
  find(attribute: string): Withheld | undefined
  /** The bit of a key that is watched for, else 0. */
  bitOf(attribute: string): number
}

export interface Shapes {
  /** Where every item starts. Forgets all shapes when the interner did, or they are too much. */
  root(): Shape
  /** The shape after one more key, the one with this number. */
  after(shape: Shape, keyId: number): Shape
  facts(shape: Shape): ShapeFacts
  /** What is watched for has changed. */
  forget(): void
}

const SHAPES_MAX = 20_000
/** Keys of all shapes whose facts are known: each takes about a hundred bytes. */
const KEYS_MAX = 200_000

export function createShapes(options: ShapeOptions): Shapes {
  let root = createShape(-1, undefined)
  let epoch = options.interner.epoch
  let count = 0
  let keyCount = 0
  const forget = () => {
    root = createShape(-1, undefined)
    epoch = options.interner.epoch
    count = 0
    keyCount = 0
  }
  return {
    forget,
    root() {
      if (epoch !== options.interner.epoch || count > SHAPES_MAX || keyCount > KEYS_MAX) forget()
      return root
    },
    after(shape, keyId) {
      const { next } = shape
      if (next?.keyId === keyId) return next
      let found = shape.others?.get(keyId)
      if (!found) {
        found = createShape(keyId, shape)
        shape.others ??= new Map()
        shape.others.set(keyId, found)
        count++
      }
      shape.next = found
      return found
    },
    facts(shape) {
      if (shape.facts === undefined) {
        shape.facts = toFacts(shape, options)
        keyCount += shape.facts.order.length
      }
      return shape.facts
    },
  }
}

function createShape(keyId: number, parent: Shape | undefined): Shape {
  return { keyId, parent, next: undefined, others: undefined, facts: undefined }
}

function toFacts(shape: Shape, { interner, find, bitOf }: ShapeOptions): ShapeFacts {
  const keys: string[] = []
  for (let one: Shape | undefined = shape; one?.parent; one = one.parent)
    keys.push(interner.text(one.keyId))
  keys.reverse()
  const withheld = keys.map(find)
  const last = new Map<string, number>()
  for (const [place, key] of keys.entries())
    if (withheld[place]?.action !== 'drop') last.set(key, place)
  const sorted = [...last].sort(([a], [b]) => compareUtf8(a, b))
  return {
    order: Int32Array.from(sorted, ([, place]) => place),
    hidden: Int32Array.from(keys.keys()).filter((place) => last.get(keys[place] ?? '') !== place),
    places: last,
    counted: Int32Array.from(COUNTED_KEYS, (key) => openPlaceOf(key, last, withheld)),
    withheld: withheld.some((one) => one) ? withheld : undefined,
    watched: [...last.keys()].reduce((bits, key) => bits | bitOf(key), 0),
    indexes: new Uint32Array(sorted.length),
    owner: undefined,
    serial: 0,
    plans: [undefined, undefined],
  }
}

function openPlaceOf(
  key: string,
  places: ReadonlyMap<string, number>,
  withheld: readonly (Withheld | undefined)[],
): number {
  const place = places.get(key)
  return place === undefined || withheld[place] ? -1 : place
}

/** Fills in the keys' indexes in a column's dictionary, where they are not good any more. */
export function indexShape(facts: ShapeFacts, keys: WordColumn): Uint32Array {
  if (facts.owner === keys && facts.serial === keys.serial) return facts.indexes
  let i = 0
  const byPlace = new Map([...facts.places].map(([name, place]) => [place, name]))
  for (const place of facts.order) facts.indexes[i++] = keys.indexOfText(byPlace.get(place) ?? '')
  facts.owner = keys
  facts.serial = keys.serial
  return facts.indexes
}
