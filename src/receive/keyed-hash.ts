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
import { join } from 'node:path'
import { AppError } from '../lib/errors.ts'

/** The same text always gives the same hash here, and another one in every other installation. */
export type KeyedHash = (text: string) => string

const KEY_BYTES = 32
const DIGITS = 32

const HASHED = /^hmac:[0-9a-f]{32}$/

/**
 * `hmac:` and 128 bits of HMAC-SHA-256: without the key nobody can try texts against it. What is
 * such a hash already stays: plain lines are hashed before they are read, and pass the decoder too.
 */
export function createKeyedHash(key: Uint8Array): KeyedHash {
  return (text) => {
    if (HASHED.test(text)) return text
    return `hmac:${createHmac('sha256', key).update(text).digest('hex').slice(0, DIGITS)}`
  }
}

/**
 * The hash of the installation whose data directory this is.
 *
 * @throws AppError CONFIG_INVALID when the file of its key holds something else
 */
export function openKeyedHash(dataDir: string): KeyedHash {
  return createKeyedHash(loadHashKey(join(dataDir, 'privacy.key')))
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
