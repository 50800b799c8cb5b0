import { MARK } from './template-words.ts'

// The parse tree: token count → first word → leaf, as in Drain, so that a new line is compared with
// few others. What it adds to Drain is patience: see templates.ts.

export interface Cluster {
  readonly id: string
  readonly text: string
  readonly tokens: readonly string[]
  /** Positions where any word belongs to it; none until it was generalised. */
  readonly free: readonly number[]
  /** Ids of the templates that became this one. */
  readonly from: readonly string[]
  /** Number of the last use. */
  usedAt: number
  /** What it became part of. */
  into?: Cluster
  isGone?: boolean
}

export interface TemplateTree {
  /** The generalised cluster that these tokens belong to. */
  match(tokens: readonly string[]): Cluster | undefined
  /** What these tokens and at least VARIANTS_MIN − 1 clusters have in common, when that is enough. */
  generalise(tokens: readonly string[]): Generalisation | undefined
  add(cluster: Cluster): void
  /** Forgets clusters that are gone. */
  sweep(): void
  clear(): void
}

export interface Generalisation {
  readonly tokens: readonly string[]
  readonly free: readonly number[]
  readonly variants: readonly Cluster[]
}

/** Children of a node in Drain3: further first words share one leaf. */
const CHILDREN_MAX = 100
/** The newest clusters of a leaf that a new line is compared with. */
const LEAF_MAX = 128
/** So many different words in one place make it a parameter. */
const VARIANTS_MIN = 8
const FREE_MAX = 3

interface Leaf {
  clusters: Cluster[]
  general: Cluster[]
}

export function createTemplateTree(): TemplateTree {
  const byCount = new Map<number, Map<string, Leaf>>()
  const leavesOf = (tokens: readonly string[]): Leaf[] => {
    const children = byCount.get(tokens.length)
    const own = children?.get(firstWord(tokens))
    const rest = children?.get(MARK)
    return own && rest && own !== rest ? [own, rest] : [own ?? rest].filter((leaf) => !!leaf)
  }
  const leafFor = (cluster: Cluster): Leaf => {
    const { tokens, free } = cluster
    const children = byCount.get(tokens.length) ?? new Map<string, Leaf>()
    byCount.set(tokens.length, children)
    const word = firstWord(tokens)
    const isFree = free.some((position) => position <= tokens.indexOf(word))
    const isFull = children.size >= CHILDREN_MAX && !children.has(word)
    const key = isFree || isFull ? MARK : word
    const leaf = children.get(key) ?? { clusters: [], general: [] }
    children.set(key, leaf)
    return leaf
  }

  return {
    match(tokens) {
      for (const { general } of leavesOf(tokens))
        for (const cluster of general) if (isLive(cluster) && fits(cluster, tokens)) return cluster
      return undefined
    },
    generalise(tokens) {
      for (const { clusters } of leavesOf(tokens)) {
        const found = commonOf(tokens, clusters)
        if (found) return found
      }
      return undefined
    },
    add(cluster) {
      const leaf = leafFor(cluster)
      // What is general already may become more so.
      leaf.clusters = withNewest(leaf.clusters, cluster)
      if (cluster.free.length > 0) leaf.general = withNewest(leaf.general, cluster)
    },
    sweep() {
      for (const [count, children] of byCount) {
        for (const [key, leaf] of children) {
          leaf.clusters = leaf.clusters.filter(isLive)
          leaf.general = leaf.general.filter(isLive)
          if (leaf.clusters.length + leaf.general.length === 0) children.delete(key)
        }
        if (children.size === 0) byCount.delete(count)
      }
    },
    clear: () => byCount.clear(),
  }
}

function withNewest(clusters: Cluster[], cluster: Cluster): Cluster[] {
  clusters.push(cluster)
  if (clusters.length <= LEAF_MAX) return clusters
  const live = clusters.filter(isLive)
  if (live.length > LEAF_MAX) live.shift()
  return live
}

function isLive({ isGone, into }: Cluster): boolean {
  return !isGone && !into
}

function firstWord(tokens: readonly string[]): string {
  return tokens.find((token) => !token.includes(MARK)) ?? MARK
}

function fits({ tokens, free }: Cluster, line: readonly string[]): boolean {
  for (let at = 0; at < line.length; at++)
    if (tokens[at] !== line[at] && !free.includes(at)) return false
  return true
}

/**
 * Positions where two lines differ: undefined for none, for more than a third of the line's words or
 * FREE_MAX of them, and for neighbours, since phrases differ in neighbours and parameters rarely do.
 */
function differences(line: readonly string[], other: readonly string[], max: number) {
  let count = 0
  let last = -2
  for (let at = 0; at < line.length; at++) {
    if (line[at] === other[at]) continue
    if (count === max || last === at - 1) return undefined
    count++
    last = at
  }
  if (count === 0) return undefined
  return [...line.keys()].filter((at) => line[at] !== other[at])
}

function commonOf(
  tokens: readonly string[],
  clusters: readonly Cluster[],
): Generalisation | undefined {
  const wordCount = tokens.filter((token) => !token.includes(MARK)).length
  const max = Math.min(FREE_MAX, Math.floor(wordCount / 3))
  if (max === 0) return undefined
  const near: { cluster: Cluster; at: readonly number[] }[] = []
  for (const cluster of clusters) {
    const at = isLive(cluster) ? differences(tokens, cluster.tokens, max) : undefined
    if (at) near.push({ cluster, at })
  }
  if (near.length < VARIANTS_MIN - 1) return undefined
  const places = new Map(near.map(({ at }) => [at.join(), at]))
  for (const free of [...places.values()].sort((a, b) => a.length - b.length)) {
    const variants = near.filter(({ at }) => at.every((one) => free.includes(one)))
    const all = [tokens, ...variants.map(({ cluster }) => cluster.tokens)]
    const isVaried = free.every((at) => new Set(all.map((line) => line[at])).size >= VARIANTS_MIN)
    if (!isVaried) continue
    const common = tokens.map((token, at) => (free.includes(at) ? MARK : token))
    return { tokens: common, free, variants: variants.map(({ cluster }) => cluster) }
  }
  return undefined
}
