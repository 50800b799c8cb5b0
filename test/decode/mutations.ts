// Damage for fuzz tests, by a seed: the same seed gives the same inputs.

export interface Random {
  /** 0 to below `limit`. */
  below(limit: number): number
  pick<T>(items: readonly T[]): T
}

/** Mulberry32: 32 bits of state are plenty for choosing damage. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0
  const below = (limit: number) => {
    state = (state + 0x6d2b79f5) >>> 0
    let t = state
    t = Math.imul(t ^ (t >>> 15), t | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) % limit
  }
  return { below, pick: (items) => items[below(items.length)] as (typeof items)[number] }
}

type Damage = (body: Buffer, random: Random, other: Buffer) => Buffer

/** A place in it; 0 of an empty one. */
const at = (body: Buffer, random: Random) => random.below(Math.max(1, body.length))

function replace(body: Buffer, [from, to]: readonly [number, number], by: Uint8Array): Buffer {
  return Buffer.concat([body.subarray(0, from), by, body.subarray(to)])
}

const flipBit: Damage = (body, random) => {
  const copy = Buffer.from(body)
  if (copy.length > 0) copy[at(body, random)]! ^= 1 << random.below(8)
  return copy
}
const setByte: Damage = (body, random) => {
  const copy = Buffer.from(body)
  if (copy.length > 0) copy[at(body, random)] = random.pick([0, 1, 0x7f, 0x80, 0xff])
  return copy
}
const cut: Damage = (body, random) => body.subarray(0, at(body, random))
const remove: Damage = (body, random) => {
  const from = at(body, random)
  return replace(body, [from, from + 1 + random.below(8)], Buffer.alloc(0))
}
const insert: Damage = (body, random) => {
  const from = at(body, random)
  const bytes = Uint8Array.from({ length: 1 + random.below(6) }, () => random.below(256))
  return replace(body, [from, from], bytes)
}
/** The beginning of one and the end of another. */
const splice: Damage = (body, random, other) =>
  Buffer.concat([body.subarray(0, at(body, random)), other.subarray(at(other, random))])
/** A piece of one once more somewhere else: fields in messages that they do not belong to. */
const graft: Damage = (body, random, other) => {
  const from = at(other, random)
  const into = at(body, random)
  return replace(body, [into, into], other.subarray(from, from + random.below(64)))
}
/** What may be a length becomes another one, also of more bytes than there are. */
const tamperLength: Damage = (body, random) => {
  const from = at(body, random)
  const lengths = [
    [(body[from] ?? 0) + 1],
    [(body[from] ?? 1) - 1],
    [0xff, 0xff, 0xff, 0xff, 0x07],
    [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01],
    [(body[from] ?? 0) | 0x80, 0],
    [0xff, 0xff, 0x03],
  ]
  return replace(body, [from, from + 1], Buffer.from(random.pick(lengths)))
}

const DAMAGES = [flipBit, setByte, cut, remove, insert, splice, graft, tamperLength]

/** One body of the corpus with one to four kinds of damage, sometimes none, sometimes all random. */
export function mutate(corpus: readonly Buffer[], random: Random): Buffer {
  if (random.below(20) === 0)
    return Buffer.from(Uint8Array.from({ length: random.below(120) }, () => random.below(256)))
  let body = random.pick(corpus)
  for (let i = random.below(5); i > 0; i--)
    body = random.pick(DAMAGES)(body, random, random.pick(corpus))
  return body
}
