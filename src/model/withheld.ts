/** Why an attribute is withheld; a label of the metric that counts them. */
export type PrivateReason = 'prompt' | 'image' | 'credential' | 'setting'

/** What becomes of an attribute, and why. */
export interface Withheld {
  readonly action: 'drop' | 'hash'
  readonly reason: PrivateReason
}

export interface WithheldCount extends Withheld {
  readonly count: number
}
