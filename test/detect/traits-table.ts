/**
 * One object for each combination of values: what stands for `traits` of observations. Bounded: it
 * starts anew when there were `countMax`, and what was made before stays good.
 */
export interface TraitsTable {
  /** @param text all values, told apart */
  of(text: string): { note: unknown }
}

export function createTraitsTable({ countMax }: { readonly countMax: number }): TraitsTable {
  const known = new Map<string, { note: unknown }>()
  return {
    of(text) {
      const found = known.get(text)
      if (found) return found
      if (known.size >= countMax) known.clear()
      const made = { note: undefined }
      known.set(text, made)
      return made
    },
  }
}
