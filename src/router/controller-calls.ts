import type { Clock } from '../lib/clock.ts'
import { createDeadline } from '../lib/deadline.ts'
import type { StateDocument } from '../model/desired.ts'
import type { RouterStatus } from '../model/router-status.ts'
import { isRecord, parseJson, parseStateDocument } from './document.ts'

/** What a router asks of Signalbox's API. Every call ends by its deadline; refusals are values. */
export interface ControllerCalls {
  readState(request: ReadState): Promise<StateAnswer>
  /** An open event stream, or undefined when it could not be opened. */
  openStream(options: { lastEventId: number; signal: AbortSignal }): Promise<EventBytes | undefined>
  /** The controller's newest version, or undefined when it did not answer. */
  putStatus(router: string, status: RouterStatus): Promise<number | undefined>
}

export type EventBytes = AsyncIterable<Uint8Array>

export interface ReadState {
  /** Long-polls for anything newer than `since`. */
  readonly waitMs?: number
  readonly since?: number
  readonly etag?: string
  readonly signal?: AbortSignal
  /** Instead of the controller's own address, for a signed document's `state_url`. */
  readonly url?: string
}

export type StateAnswer =
  | { readonly status: 'state'; readonly state: StateDocument; readonly etag: string | undefined }
  | { readonly status: 'unchanged' }
  | { readonly status: 'failed' }

export type Fetch = typeof globalThis.fetch

export interface ControllerCallsOptions {
  /** Of the controller, without `/api/v1`; undefined: pushes only. */
  readonly url: string | undefined
  readonly token: string | undefined
  readonly fetch: Fetch
  readonly clock: Clock
}

const READ_MS = 2_000
const CONNECT_MS = 3_000
const STATUS_MS = 900
const STATE_BYTES_MAX = 4_194_304

export function createControllerCalls(options: ControllerCallsOptions): ControllerCalls {
  const { url, token, fetch, clock } = options
  const headers = token === undefined ? {} : { authorization: `Bearer ${token}` }
  const at = (path: string) => (url === undefined ? undefined : `${url.replace(/\/$/, '')}${path}`)

  return {
    async readState({ waitMs = 0, since = 0, etag, signal, url: stateUrl }) {
      const query = waitMs > 0 ? `?wait=${Math.round(waitMs / 1_000)}s&since=${since}` : ''
      const address = at(`/api/v1/state${query}`) ?? stateUrl
      if (address === undefined) return { status: 'failed' }
      const deadline = createDeadline({
        clock,
        deadlineMs: waitMs + READ_MS,
        ...(signal && { signal }),
      })
      try {
        const answer = await fetch(address, {
          headers: { ...headers, ...(etag !== undefined && { 'if-none-match': etag }) },
          redirect: 'error',
          signal: deadline.signal,
        })
        const text = await answer.text()
        if (answer.status === 304) return { status: 'unchanged' }
        const isSane = answer.ok && text.length <= STATE_BYTES_MAX
        const state = isSane ? parseStateDocument(parseJson(text)) : undefined
        if (!state) return { status: 'failed' }
        return { status: 'state', state, etag: answer.headers.get('etag') ?? undefined }
      } catch {
        return { status: 'failed' }
      } finally {
        deadline.clear()
      }
    },
    async openStream({ lastEventId, signal }) {
      const address = at('/api/v1/state/stream')
      if (address === undefined) return undefined
      const connecting = new AbortController()
      const cancel = clock.after(CONNECT_MS, () => connecting.abort())
      try {
        const answer = await fetch(address, {
          headers: { ...headers, accept: 'text/event-stream', 'last-event-id': `${lastEventId}` },
          redirect: 'error',
          signal: AbortSignal.any([signal, connecting.signal]),
        })
        const isStream = answer.headers.get('content-type')?.startsWith('text/event-stream')
        if (answer.ok && isStream && answer.body) return answer.body
        await answer.body?.cancel()
        return undefined
      } catch {
        return undefined
      } finally {
        cancel()
      }
    },
    async putStatus(router, status) {
      const address = at(`/api/v1/routers/${encodeURIComponent(router)}/status`)
      if (address === undefined) return undefined
      const deadline = createDeadline({ clock, deadlineMs: STATUS_MS })
      try {
        const answer = await fetch(address, {
          method: 'PUT',
          headers: { ...headers, 'content-type': 'application/json' },
          body: JSON.stringify(status),
          redirect: 'error',
          signal: deadline.signal,
        })
        const body = parseJson(await answer.text())
        return answer.ok && isRecord(body) && typeof body.version === 'number'
          ? body.version
          : undefined
      } catch {
        return undefined
      } finally {
        deadline.clear()
      }
    },
  }
}
