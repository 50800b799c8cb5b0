/** What a keyed window keeps over a restart. */
export interface SavedKeys {
  readonly bucketMs: number
  /** Number of the newest bucket; null when there is none. */
  readonly head: number | null
  /** Heard least recently first; the first is ALL. */
  readonly keys: readonly string[]
  /** Of each key all buckets of its ring, oldest first. */
  readonly amounts: Float32Array
}

export interface KeyLimits {
  readonly bucketMs: number
  readonly length: number
  readonly keysMax: number
}

/** Whether a window with these limits can have saved it. */
export function isSavedKeys(saved: unknown, limits: KeyLimits): saved is SavedKeys {
  const one = saved as Partial<SavedKeys> | null | undefined
  if (typeof one !== 'object' || one === null || one.bucketMs !== limits.bucketMs) return false
  const { head, keys, amounts } = one
  if (!Array.isArray(keys) || keys.length === 0 || keys.length > limits.keysMax + 1) return false
  if (!keys.every((key) => typeof key === 'string')) return false
  if (new Set(keys.slice(1)).size !== keys.length - 1) return false
  if (!(amounts instanceof Float32Array) || amounts.length !== keys.length * limits.length)
    return false
  if (!amounts.every((amount) => amount >= 0 && amount < 1e30)) return false
  return head === null || (Number.isSafeInteger(head) && (head as number) >= 0)
}

/** A copy of a ring that begins at another of its places. */
export function turned(ring: Float32Array, from: number): Float32Array {
  const copy = new Float32Array(ring.length)
  copy.set(ring.subarray(from))
  copy.set(ring.subarray(0, from), ring.length - from)
  return copy
}
