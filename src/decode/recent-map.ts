/** Remembers values for a while: at most `countMax`, none older than `ageMaxMs`; oldest go first. */
export interface RecentMap<V> {
  /** Undefined when it was never set, was pushed out, or is older than `ageMaxMs`. */
  get(key: string, nowMs: number): V | undefined
  /** The same, and makes it the youngest. */
  touch(key: string, nowMs: number): V | undefined
  /** Sets, and makes it the youngest. */
  set(key: string, value: V, nowMs: number): void
}

export function createRecentMap<V>(options: {
  readonly countMax: number
  readonly ageMaxMs: number
}): RecentMap<V> {
  return new Recent(options)
}

interface Entry<V> {
  readonly key: string
  value: V
  atMs: number
  older: Entry<V> | undefined
  younger: Entry<V> | undefined
}

/**
 * The order stands in the entries themselves. A map has one too, but steps over every place that was
 * ever deleted to find its oldest: at 25,000 entries that took longer than all else.
 */
class Recent<V> implements RecentMap<V> {
  readonly #entries = new Map<string, Entry<V>>()
  readonly #countMax: number
  readonly #ageMaxMs: number
  #oldest: Entry<V> | undefined
  #youngest: Entry<V> | undefined

  constructor({ countMax, ageMaxMs }: { readonly countMax: number; readonly ageMaxMs: number }) {
    this.#countMax = countMax
    this.#ageMaxMs = ageMaxMs
  }

  get(key: string, nowMs: number): V | undefined {
    const entry = this.#entries.get(key)
    return entry && nowMs - entry.atMs <= this.#ageMaxMs ? entry.value : undefined
  }

  touch(key: string, nowMs: number): V | undefined {
    const entry = this.#entries.get(key)
    if (entry === undefined || nowMs - entry.atMs > this.#ageMaxMs) return undefined
    entry.atMs = nowMs
    this.#renew(entry)
    this.#forget(nowMs)
    return entry.value
  }

  set(key: string, value: V, nowMs: number): void {
    const known = this.#entries.get(key)
    if (known === undefined) this.#add(key, value, nowMs)
    else {
      known.value = value
      known.atMs = nowMs
      this.#renew(known)
    }
    this.#forget(nowMs)
  }

  #add(key: string, value: V, atMs: number): void {
    const entry = { key, value, atMs, older: undefined, younger: undefined }
    this.#entries.set(key, entry)
    this.#append(entry)
  }

  #renew(entry: Entry<V>): void {
    if (entry === this.#youngest) return
    this.#unlink(entry)
    this.#append(entry)
  }

  #append(entry: Entry<V>): void {
    entry.older = this.#youngest
    entry.younger = undefined
    if (this.#youngest) this.#youngest.younger = entry
    this.#youngest = entry
    this.#oldest ??= entry
  }

  #unlink({ older, younger }: Entry<V>): void {
    if (older) older.younger = younger
    else this.#oldest = younger
    if (younger) younger.older = older
    else this.#youngest = older
  }

  #forget(nowMs: number): void {
    for (let entry = this.#oldest; entry !== undefined; entry = this.#oldest) {
      const isOld = nowMs - entry.atMs > this.#ageMaxMs
      if (this.#entries.size <= this.#countMax && !isOld) return
      this.#entries.delete(entry.key)
      this.#unlink(entry)
    }
  }
}
