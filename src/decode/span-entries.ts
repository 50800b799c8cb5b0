/** What is remembered of a span. */
interface Entry {
  readonly said: { readonly spanId: string }
}

/** More are looked up in a map; below, looking at each is faster, and nothing is kept for it. */
const LISTED_MAX = 4

/** Entries of the spans of one trace, by span id. Most traces have one or two. */
export class SpanEntries<E extends Entry> {
  #list: E[] | undefined
  #byId: Map<string, E> | undefined

  /** In the order in which they were added. */
  get list(): readonly E[] {
    return this.#list ?? NONE
  }

  get(spanId: string): E | undefined {
    if (this.#byId) return this.#byId.get(spanId)
    const list = this.#list
    if (list === undefined || spanId === '') return undefined
    for (const entry of list) if (entry.said.spanId === spanId) return entry
    return undefined
  }

  /** Returns the entry that counts: the same span may be there. Those without an id are all different. */
  add(entry: E): E {
    const known = this.get(entry.said.spanId)
    if (known !== undefined) return known
    // Not grown from nothing: that takes room for 16.
    if (this.#list === undefined) this.#list = [entry]
    else this.#list.push(entry)
    if (this.#byId) this.#index(entry)
    else if (this.#list.length > LISTED_MAX) {
      this.#byId = new Map()
      for (const one of this.#list) this.#index(one)
    }
    return entry
  }

  #index(entry: E): void {
    if (entry.said.spanId !== '') this.#byId?.set(entry.said.spanId, entry)
  }
}

const NONE: readonly never[] = []

/** Copied, since a list that grows from nothing takes room for 16, and 25,000 are kept of each. */
export function addTo<E>(list: readonly E[], entry: E): readonly E[] {
  return list.length === 0 ? [entry] : list.includes(entry) ? list : [...list, entry]
}
