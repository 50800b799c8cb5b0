import { createDraws } from '../lib/random.ts'

/** A seeded source of chance: the same seed gives the same run of draws, on every machine. */
export interface Random {
  /** Uniform in [0, 1). */
  unit(): number
  /** Waiting time of a Poisson process, in the unit of `mean`. */
  exponential(mean: number): number
  /** Log-normal with the given mean (not median); `sigma` is of the logarithm. */
  logNormal(mean: number, sigma: number): number
  /** One of `items`, by weight. */
  pick<T extends { readonly weight: number }>(items: readonly T[]): T
  /** An independent source, so that one part's draws do not shift another's. */
  fork(name: string): Random
}

export function createRandom(seed: number): Random {
  const unit = createDraws(seed)
  const normal = () => Math.sqrt(-2 * Math.log(1 - unit())) * Math.cos(2 * Math.PI * unit())
  return {
    unit,
    exponential: (mean) => -Math.log(1 - unit()) * mean,
    logNormal: (mean, sigma) => mean * Math.exp(sigma * normal() - sigma ** 2 / 2),
    pick(items) {
      const total = items.reduce((sum, item) => sum + item.weight, 0)
      let rest = unit() * total
      for (const item of items) {
        rest -= item.weight
        if (rest < 0) return item
      }
      const last = items.at(-1)
      if (last === undefined) throw new Error('pick needs at least one item')
      return last
    },
    fork: (name) => createRandom(hash(`${seed}/${name}`)),
  }
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (const char of text) value = Math.imul(value ^ (char.codePointAt(0) ?? 0), 0x01000193)
  return value >>> 0
}
