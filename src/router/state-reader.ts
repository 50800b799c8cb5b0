import type { StateData, StateDocument } from '../model/desired.ts'
import type { Generation } from '../model/generation.ts'
import type { ControllerCalls, ReadState } from './controller-calls.ts'
import { isRecord } from './document.ts'

/** Reads whole states and judges whether a read is due. */
export interface StateReader {
  /** False when the controller did not answer. */
  read(request: ReadState): Promise<boolean>
  /** Reads without waiting for anything newer; calls while one read is open share it. */
  readNow(stateUrl?: string): Promise<void>
  /** Reads only when a heartbeat or an answer speaks of something that is not in force here. */
  hint(seen: StateHint): void
  /** Takes a whole document from any channel. */
  take(state: StateDocument): void
  /** Newest version of a whole document. */
  readonly version: number
  readonly etag: string | undefined
}

export interface StateHint {
  readonly version?: unknown
  readonly pairs?: unknown
}

export interface StateReaderOptions {
  readonly calls: Pick<ControllerCalls, 'readState'>
  offer(data: StateData): void
  heard(): void
  isBehind(route: string, pair: Generation): boolean
  /** Highest version in force. */
  version(): number
}

export function createStateReader(options: StateReaderOptions): StateReader {
  let etag: string | undefined
  let version = 0
  let reading: Promise<void> | undefined
  const take = (state: StateDocument) => {
    version = Math.max(version, state.version)
    for (const data of Object.values(state.routes)) options.offer(data)
  }
  const read = async (request: ReadState): Promise<boolean> => {
    const answer = await options.calls.readState(request)
    if (answer.status === 'failed') return false
    options.heard()
    if (answer.status === 'state') {
      etag = answer.etag
      take(answer.state)
    }
    return true
  }
  const readNow = (stateUrl?: string) => {
    reading ??= read(stateUrl === undefined ? {} : { url: stateUrl })
      .then(() => {})
      .finally(() => {
        reading = undefined
      })
    return reading
  }
  return {
    read,
    readNow,
    take,
    hint(seen) {
      const pairs = isRecord(seen.pairs) ? Object.entries(seen.pairs) : []
      const isBehind = pairs.some(([route, pair]) => isPair(pair) && options.isBehind(route, pair))
      const hinted = typeof seen.version === 'number' ? seen.version : 0
      if (isBehind || hinted > Math.max(version, options.version())) void readNow()
    },
    get version() {
      return version
    },
    get etag() {
      return etag
    },
  }
}

function isPair(value: unknown): value is Generation {
  return isRecord(value) && Number.isFinite(value.epoch) && Number.isFinite(value.generation)
}
