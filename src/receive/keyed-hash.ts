import { createHmac, randomBytes } from 'node:crypto'
import {
  closeSync,
  existsSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs'
import { AppError } from '../lib/errors.ts'

/** The same text always gives the same hash here, and another one in every other installation. */
export type KeyedHash = (text: string) => string

const KEY_BYTES = 32
const DIGITS = 32

/** `hmac:` and 128 bits of HMAC-SHA-256: without the key nobody can try texts against it. */
export function createKeyedHash(key: Uint8Array): KeyedHash {
  return (text) => `hmac:${createHmac('sha256', key).update(text).digest('hex').slice(0, DIGITS)}`
}

/**
 * The key of this installation, made at first use, for its owner's eyes only. Who deletes the file
 * cuts the tie between hashes of before and after.
 *
 * @throws AppError CONFIG_INVALID when the file holds something else
 */
export function loadHashKey(file: string): Uint8Array {
  if (!existsSync(file)) writeKey(file)
  const key = readFileSync(file)
  if (key.length === KEY_BYTES) return key
  throw new AppError('CONFIG_INVALID', `${file} is not a key of ${KEY_BYTES} bytes; delete it`)
}

/** Whole or not at all, since a key that changes would split every count by person. */
function writeKey(file: string): void {
  const draft = `${file}.new`
  const handle = openSync(draft, 'w', 0o600)
  writeSync(handle, randomBytes(KEY_BYTES))
  fsyncSync(handle)
  closeSync(handle)
  renameSync(draft, file)
}
