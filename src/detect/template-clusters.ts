import { createHash } from 'node:crypto'
import { type Cluster, createTemplateTree, type TemplateTree } from './template-tree.ts'

/** All templates by text and by id, with the least recently used forgotten. */
export interface TemplateClusters {
  readonly tree: TemplateTree
  /** The cluster that a masked text is known to belong to. */
  find(text: string): Cluster | undefined
  get(id: string): Cluster | undefined
  /** A new cluster, or the one that has this text already. */
  add(cluster: Pick<Cluster, 'text' | 'free' | 'from'>): Cluster
  /** Remembers that a masked text belongs to a cluster with another text. Returns the cluster. */
  alias(text: string, cluster: Cluster): Cluster
  /** Makes `variant` a part of `cluster`. */
  absorb(variant: Cluster, cluster: Cluster): void
  /** Counts a use. Returns the cluster. */
  use(cluster: Cluster): Cluster
  /** Least recently used first. */
  all(): Cluster[]
  clear(): void
  readonly size: number
  readonly changeCount: number
}

/** Of all clusters so many go at once, since finding the oldest means looking at all. */
const EVICTED_SHARE = 16

export function createTemplateClusters(options: { clustersMax: number }): TemplateClusters {
  const { clustersMax } = options
  const evictedCount = Math.ceil(clustersMax / EVICTED_SHARE)
  const tree = createTemplateTree()
  const byText = new Map<string, Cluster>()
  const byId = new Map<string, Cluster>()
  /** Texts of `byText` that are no cluster's own; all forgotten when there are `clustersMax`. */
  const aliases: string[] = []
  let useCount = 0
  let changeCount = 0

  const all = () => [...byId.values()].sort((a, b) => a.usedAt - b.usedAt)
  const remove = (cluster: Cluster) => {
    cluster.isGone = true
    byId.delete(cluster.id)
    if (byText.get(cluster.text) === cluster) byText.delete(cluster.text)
  }
  const evict = () => {
    for (const cluster of all().slice(0, evictedCount)) remove(cluster)
    tree.sweep()
  }
  const alias = (text: string, cluster: Cluster) => {
    if (aliases.length >= clustersMax) for (const old of aliases.splice(0)) byText.delete(old)
    byText.set(text, cluster)
    aliases.push(text)
    return cluster
  }
  const absorb = (variant: Cluster, cluster: Cluster) => {
    remove(variant)
    variant.into = cluster
    alias(variant.text, cluster)
  }

  return {
    tree,
    find(text) {
      let cluster = byText.get(text)
      while (cluster?.into) cluster = cluster.into
      return cluster?.isGone ? undefined : cluster
    },
    get: (id) => byId.get(id),
    add({ text, free, from }) {
      const id = idOf(text)
      const known = byId.get(id)
      if (known && known.free.length >= free.length) return alias(text, known)
      if (byId.size >= clustersMax) evict()
      const tokens = text.split(' ')
      const cluster: Cluster = { id, text, tokens, free, from, usedAt: useCount }
      // `user <*> left` may stand for masked names before it does for any.
      if (known) absorb(known, cluster)
      byId.set(id, cluster)
      byText.set(text, cluster)
      tree.add(cluster)
      changeCount++
      return cluster
    },
    alias,
    absorb,
    use(cluster) {
      cluster.usedAt = ++useCount
      return cluster
    },
    all,
    clear() {
      tree.clear()
      byText.clear()
      byId.clear()
      aliases.length = 0
    },
    get size() {
      return byId.size
    },
    get changeCount() {
      return changeCount
    },
  }
}

/** The same on every machine, in any order of lines: a hash of the text alone. */
function idOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 16)
}
