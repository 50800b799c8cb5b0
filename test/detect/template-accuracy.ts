import type { Dice } from './log-corpora.ts'

// A generated corpus in which the template of each line is known.

export interface KnownLine {
  readonly text: string
  /** Number of the true template. */
  readonly kind: number
}

const WORDS = (
  'batch cache canvas checkpoint cluster decoder encoder engine export fallback gateway guidance ' +
  'image kernel latent layer loader lora mask memory model mount node noise pipeline pool preview ' +
  'prompt quota queue refiner region render replica request resize router sampler scheduler secret ' +
  'seed session shard snapshot stage stream tensor tile token upload upscaler vector volume worker ' +
  'accepted blocked broken closed deferred degraded drained dropped empty evicted exhausted expired ' +
  'failed finished frozen ignored invalid late locked lost missing moved opened paused pending ready ' +
  'refused rejected released resumed retried saved skipped slow started stopped stuck timed unknown'
).split(' ')
const NAMES = (
  'alice bruno chandra dmitri elena farid greta hiro ines jonas kemal leila marco nadia oskar petra ' +
  'quentin rosa stefan tomas ursula viktor wanda xenia yusuf zofia amara bilal carla dario ebru felix'
).split(' ')

const PARAMETERS: readonly ((dice: Dice) => string)[] = [
  (d) => String(d.int(0, 99_999)),
  (d) => `${d.int(0, 90)}.${d.int(0, 9)} ${d.pick(['MiB', 'GiB', 'KiB'])}`,
  (d) => `${d.int(1, 900)}${d.pick(['ms', 's', 'us'])}`,
  (d) => d.hex(12),
  (d) => `0x${d.hex(8)}`,
  (d) => `${d.hex(8)}-${d.hex(4)}-${d.hex(4)}-${d.hex(4)}-${d.hex(12)}`,
  (d) => `10.0.${d.int(0, 255)}.${d.int(0, 255)}:${d.int(1, 65_535)}`,
  (d) => `/mnt/${d.pick(NAMES)}/${d.hex(6)}.png`,
  (d) => `https://${d.pick(NAMES)}.example.com/v1/${d.pick(WORDS)}?id=${d.int(1, 99)}`,
  (d) => `'${d.pick(NAMES)} and ${d.pick(WORDS)}'`,
  (d) => `worker-${d.int(0, 400)}`,
  (d) => `took=${d.pick([`${d.int(1, 99)}ms`, 'unknown', '-'])}`,
  (d) => `[${Array.from({ length: d.int(1, 5) }, () => d.int(1, 999)).join(', ')}]`,
]

export interface CorpusOptions {
  readonly templateCount: number
  readonly lineCount: number
  /** Of so many templates (0..1), one parameter is a plain word that no masking can tell. */
  readonly wordShare: number
  /** So many templates differ from another in one of its words, as `started` from `stopped`. */
  readonly twinShare: number
}

type Part = (dice: Dice) => string

/** `templateCount` templates of 3 to 12 words behind a header, `lineCount` lines of each, shuffled. */
export function createCorpus(dice: Dice, options: CorpusOptions): KnownLine[] {
  const { templateCount, lineCount, wordShare, twinShare } = options
  const templates: Part[][] = []
  for (let kind = 0; kind < templateCount; kind++) {
    const isTwin = kind >= templateCount * (1 - twinShare)
    const other = templates[kind - Math.round(templateCount * twinShare)]
    const parts = isTwin && other ? [...other] : createParts(dice, kind < templateCount * wordShare)
    // The last part is a constant word.
    if (isTwin) parts.splice(-1, 1, constant(`un${dice.pick(WORDS)}`))
    templates.push(parts)
  }
  const lines = templates.flatMap((parts, kind) =>
    Array.from({ length: lineCount }, () => ({
      kind,
      text: parts.map((part) => part(dice)).join(' '),
    })),
  )
  return shuffled(lines, dice)
}

export function shuffled<T>(items: readonly T[], dice: Dice): T[] {
  const all = [...items]
  for (let at = all.length - 1; at > 0; at--) {
    const other = dice.int(0, at)
    ;[all[at], all[other]] = [all[other]!, all[at]!]
  }
  return all
}

const constant =
  (word: string): Part =>
  () =>
    word

function createParts(dice: Dice, hasWord: boolean): Part[] {
  const two = (d: Dice) => String(d.int(0, 59)).padStart(2, '0')
  const parts: Part[] = [
    (d) => `2026-01-15 14:${two(d)}:${two(d)},${d.int(100, 999)}`,
    constant(dice.pick(['INFO', 'WARNING', 'ERROR'])),
    constant(`app.${dice.pick(WORDS)}:`),
  ]
  const wordCount = dice.int(hasWord ? 5 : 3, 12)
  for (let at = 0; at < wordCount; at++) {
    parts.push(constant(dice.pick(WORDS)))
    if (at < wordCount - 1 && dice.int(0, 3) === 0) parts.push(dice.pick(PARAMETERS))
  }
  // Between constant words, as in `user <*> left`.
  if (hasWord) parts.splice(4, 0, (d) => d.pick(NAMES))
  return parts
}

/**
 * Grouping accuracy (Zhu et al., Tools and Benchmarks for Automated Log Parsing, ICSE-SEIP 2019): a
 * line counts as right when its group holds all lines of its template and no others.
 */
export function groupingAccuracy(lines: readonly KnownLine[], groupOf: readonly string[]): number {
  const kindsOf = new Map<string, Set<number>>()
  const groupsOf = new Map<number, Set<string>>()
  lines.forEach(({ kind }, at) => {
    const group = groupOf[at] ?? ''
    kindsOf.set(group, (kindsOf.get(group) ?? new Set()).add(kind))
    groupsOf.set(kind, (groupsOf.get(kind) ?? new Set()).add(group))
  })
  const isRight = ({ kind }: KnownLine, at: number) =>
    groupsOf.get(kind)?.size === 1 && kindsOf.get(groupOf[at] ?? '')?.size === 1
  return lines.filter(isRight).length / lines.length
}

/**
 * Drain's own rule on masked lines, for comparison: a line belongs to the cluster of its length and
 * first word with which it shares most words, from 40 % on.
 */
export function createPlainDrain(): (masked: string) => string {
  const leaves = new Map<string, { id: string; tokens: string[] }[]>()
  return (masked) => {
    const tokens = masked.split(' ')
    const first = tokens.find((token) => !token.includes('<*>'))
    const key = `${tokens.length} ${first}`
    const leaf = leaves.get(key) ?? []
    leaves.set(key, leaf)
    const share = (other: readonly string[]) =>
      other.filter((token, at) => token === tokens[at] && token !== '<*>').length / tokens.length
    const [best] = [...leaf].sort((a, b) => share(b.tokens) - share(a.tokens))
    if (best && share(best.tokens) >= 0.4) {
      best.tokens = best.tokens.map((token, at) => (token === tokens[at] ? token : '<*>'))
      return best.id
    }
    leaf.push({ id: `${key}/${leaf.length}`, tokens })
    return leaf.at(-1)!.id
  }
}
