import { createHash, timingSafeEqual } from 'node:crypto'
import { z } from 'zod'
import type { Authorize, Scope } from '../model/authority.ts'
import { loadYamlOrThrow } from './load-yaml.ts'

const Token = z.strictObject({
  name: z.string().min(1),
  hash: z.string().regex(/^sha256:[0-9a-f]{64}$/, 'expected sha256: and 64 lower-case hex digits'),
  scopes: z.array(z.enum(['ingest', 'read', 'operate', 'admin'])).min(1),
})
/** The file of `SIGNALBOX_TOKENS_FILE`: tokens are stored as hashes, never in clear. */
export const Tokens = z.array(Token)

/**
 * Without a file everybody may do everything, as `local`: only ever on loopback (`main.ts` refuses
 * to listen elsewhere without tokens).
 */
export function createAuthorize(file: string | undefined): Authorize {
  if (file === undefined) return () => ({ status: 'ok', actor: 'local' })
  const tokens = loadYamlOrThrow({ file, schema: Tokens }).map(({ name, hash, scopes }) => ({
    name,
    digest: Buffer.from(hash.slice('sha256:'.length), 'hex'),
    scopes: new Set<Scope>(scopes),
  }))
  return (header, scope) => {
    const secret = /^Bearer\s+(.+)$/i.exec(header ?? '')?.[1]
    if (secret === undefined) {
      return { status: 'unauthenticated', reason: 'send a token: "Authorization: Bearer …"' }
    }
    const digest = createHash('sha256').update(secret).digest()
    const token = tokens.find((one) => timingSafeEqual(one.digest, digest))
    if (!token) return { status: 'unauthenticated', reason: 'this token is not known' }
    if (token.scopes.has(scope)) return { status: 'ok', actor: token.name }
    return { status: 'forbidden', reason: `token ${token.name} lacks the scope ${scope}` }
  }
}
