import { createTemplateClusters } from './template-clusters.ts'
import { headOf } from './template-head.ts'
import { createMasker, TEXT_MAX, TOKENS_MAX } from './template-mask.ts'
import type { Cluster } from './template-tree.ts'

/**
 * The kinds of log lines: each line belongs to one template, its text without parameters.
 *
 * After Drain (He et al., Drain: An Online Log Parsing Approach with Fixed Depth Tree, ICWS 2017)
 * and Drain3: mask first, then find the line's cluster in a tree of token count and first word, then
 * generalise clusters. Two things are otherwise, since templates are here to tell what is *new*:
 *
 * 1. Drain takes a line that shares 40 % of its words with a cluster as another line of it, at once
 *    and for good. Log headers alone are often 40 %, and `Application startup complete.` becomes one
 *    with `Application shutdown complete.`: a new failure in the frame of a known message would go
 *    unseen. So masking decides nearly everything (template-mask.ts), and a word becomes a parameter
 *    only when VARIANTS_MIN different ones stood in its place, all else being equal, and the rest is
 *    two thirds of the words. Until then each is a template of its own; such a template then names
 *    those that it came from, so that whoever knew one of them knows it.
 * 2. Drain numbers clusters in order of appearance. Here the id is a hash of the template's text
 *    (SHA-256, 64 bits). A masked line's id is a function of the line alone: the same after a
 *    restart, on every machine, in any order. Only a generalised template depends on what was seen
 *    before, in *when* it comes to be: two machines agree once both have seen VARIANTS_MIN variants.
 *
 * Bounds: TEXT_MAX characters and TOKENS_MAX words of a line; `clustersMax` templates, of which those
 * go that were used longest ago, counted in uses (no clock is read); as many texts again that are
 * known to belong to generalised ones. Typically 4 MB, at worst some 30; half a MB and 5 MB saved.
 *
 * Limits: of a stack trace other than Python's only the first line is looked at. A word that varies
 * in the first place of a line is found only after CHILDREN_MAX different ones. A generalised
 * template that was forgotten has to be found anew, and until then its lines have other ids; any
 * other that comes again has the id it had. Eight kinds that differ in one word alone become one.
 */
export interface Templates {
  /** The template of a log text; total, for any string. */
  of(text: string): Template
  get(id: string): Template | undefined
  /** Plain data that a structured clone carries; least recently used first. */
  save(): SavedTemplates
  /** Takes over what was saved; false, and nothing is changed, when it is not that. Total. */
  load(saved: unknown): boolean
  readonly size: number
  /** Grows whenever there is something new to save. */
  readonly changeCount: number
}

export interface Template {
  /** 16 hex digits. */
  readonly id: string
  /** With `<*>` for what varies; no parameter of any line stands in it. At most 3 kB. */
  readonly text: string
  /** Ids of the templates that were found to be this one; empty for most. At most FROM_MAX. */
  readonly from: readonly string[]
}

export interface SavedTemplates {
  readonly version: 1
  readonly clusters: readonly SavedCluster[]
}

export interface SavedCluster {
  readonly text: string
  readonly free: readonly number[]
  readonly from: readonly string[]
}

const CLUSTERS_MAX = 5_000
const FROM_MAX = 64

export function createTemplates({ clustersMax = CLUSTERS_MAX } = {}): Templates {
  const masker = createMasker()
  const clusters = createTemplateClusters({ clustersMax })

  const learn = (masked: string): Cluster => {
    const text = copyOf(masked)
    const tokens = text.split(' ')
    const { tree } = clusters
    const known = tree.match(tokens)
    if (known) return clusters.alias(text, known)
    const common = tree.generalise(tokens)
    if (!common) return clusters.add({ text, free: [], from: [] })
    const { variants, free } = common
    const from = variants.flatMap((variant) => [variant.id, ...variant.from]).slice(0, FROM_MAX)
    const cluster = clusters.add({ text: common.tokens.join(' '), free, from })
    for (const variant of variants) clusters.absorb(variant, cluster)
    return clusters.alias(text, cluster)
  }

  return {
    of(text) {
      const masked = masker.mask(headOf(text))
      return clusters.use(clusters.find(masked) ?? learn(masked))
    },
    get: (id) => clusters.get(id),
    save: () => ({
      version: 1,
      clusters: clusters.all().map(({ text, free, from }) => ({ text, free, from })),
    }),
    load(saved) {
      const read = readSaved(saved)
      if (!read) return false
      clusters.clear()
      for (const cluster of read.slice(-clustersMax)) clusters.use(clusters.add(cluster))
      return true
    },
    get size() {
      return clusters.size
    },
    get changeCount() {
      return clusters.changeCount
    },
  }
}

/** A slice of a string keeps all of it in memory: here, a megabyte of trace for one line. */
function copyOf(text: string): string {
  return JSON.parse(JSON.stringify(text))
}

function readSaved(saved: unknown): readonly SavedCluster[] | undefined {
  if (!isRecord(saved) || saved.version !== 1 || !Array.isArray(saved.clusters)) return undefined
  return saved.clusters.every(isSavedCluster) ? saved.clusters : undefined
}

const ID = /^[0-9a-f]{16}$/

function isSavedCluster(value: unknown): value is SavedCluster {
  if (!isRecord(value) || typeof value.text !== 'string') return false
  const { text, free, from } = value
  const tokenCount = text.split(' ').length
  if (text.length > TEXT_MAX * 3 || tokenCount > TOKENS_MAX) return false
  const isPlace = (at: unknown) =>
    Number.isInteger(at) && Number(at) >= 0 && Number(at) < tokenCount
  if (!Array.isArray(free) || !free.every(isPlace)) return false
  return Array.isArray(from) && from.length <= FROM_MAX && from.every((id) => ID.test(String(id)))
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null
}
