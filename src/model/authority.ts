export type Scope = 'ingest' | 'read' | 'operate' | 'admin'

export type Authority =
  | { readonly status: 'ok'; readonly actor: string }
  | { readonly status: 'unauthenticated' | 'forbidden'; readonly reason: string }

/** Judges an `Authorization` header. Without a tokens file everyone is allowed (loopback only). */
export type Authorize = (header: string | undefined, scope: Scope) => Authority
