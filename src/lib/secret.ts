import { inspect } from 'node:util'

/** A text that cannot be printed by accident: not by JSON, templates, logs or `inspect`. */
export interface Secret {
  reveal(): string
}

const HIDDEN = '[secret]'

export function createSecret(text: string): Secret {
  return Object.freeze({
    reveal: () => text,
    toJSON: () => HIDDEN,
    toString: () => HIDDEN,
    [inspect.custom]: () => HIDDEN,
  })
}

/** `text` without any of the secrets; for what a remote echoes in an error. */
export function scrub(text: string, secrets: readonly Secret[]): string {
  return secrets.reduce((clean, one) => clean.replaceAll(one.reveal(), HIDDEN), text)
}
