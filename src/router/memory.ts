import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  writeSync,
} from 'node:fs'
import { dirname } from 'node:path'
import type { StateData } from '../model/desired.ts'
import { isRecord, parseJson, parseStateData } from './document.ts'

/** What a router knew last, on disk, so that it can start while the controller is away. */
export interface Memory {
  /** Empty when there is no file, or none that can be read. */
  load(): ReadonlyMap<string, StateData>
  /** Returns after the bytes are on the disk; throws what the file system throws. */
  save(routes: ReadonlyMap<string, StateData>): void
}

const SCHEMA = 'signalbox.router/v1'

/** Without a file nothing is remembered. */
export function createMemory(file: string | undefined): Memory {
  if (file === undefined) return { load: () => new Map(), save: () => {} }
  return {
    load() {
      const saved = readSaved(file)
      const routes = new Map<string, StateData>()
      for (const [route, raw] of Object.entries(saved)) {
        const data = parseStateData(raw)
        if (data?.route === route) routes.set(route, data)
      }
      return routes
    },
    save(routes) {
      const text = JSON.stringify({ schema: SCHEMA, routes: Object.fromEntries(routes) })
      // Written beside and renamed: a crash leaves either the old file or the new one, never a part.
      const draft = `${file}.new`
      mkdirSync(dirname(file), { recursive: true })
      const handle = openSync(draft, 'w', 0o600)
      try {
        writeSync(handle, text)
        fsyncSync(handle)
      } finally {
        closeSync(handle)
      }
      renameSync(draft, file)
      syncFolder(dirname(file))
    },
  }
}

function readSaved(file: string): Readonly<Record<string, unknown>> {
  try {
    const saved = parseJson(readFileSync(file, 'utf8'))
    return isRecord(saved) && saved.schema === SCHEMA && isRecord(saved.routes) ? saved.routes : {}
  } catch {
    return {}
  }
}

/** Makes the rename itself durable; some file systems cannot sync a folder, and need not. */
function syncFolder(folder: string): void {
  try {
    const handle = openSync(folder, 'r')
    try {
      fsyncSync(handle)
    } finally {
      closeSync(handle)
    }
  } catch {
    return
  }
}
