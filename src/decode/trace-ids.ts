import type { ByteSource } from '../lib/growing-bytes.ts'
import { toHexId } from './hex.ts'

/**
 * Trace ids as texts. A request and its attempts mostly stand side by side: then theirs is one text,
 * which is made, hashed and remembered once.
 */
export class TraceIds {
  readonly #words = new Int32Array(4)
  #text = ''

  /** Lower-case hex of the 16 bytes from `at` on. */
  of({ bytes, view }: ByteSource, at: number): string {
    const words = this.#words
    let isSame = this.#text !== ''
    for (let i = 0; i < 4; i++) {
      const word = view.getInt32(at + i * 4, true)
      if (word !== words[i]) isSame = false
      words[i] = word
    }
    if (!isSame) this.#text = toHexId(bytes, 16, at)
    return this.#text
  }
}
