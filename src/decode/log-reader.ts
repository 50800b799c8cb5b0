import type { Source } from '../model/observation.ts'
import type { Admission } from './admission.ts'
import { createLogScan, scanLog } from './log-scan.ts'
import type { LogTable } from './log-table.ts'
import type { LogTraits } from './log-traits.ts'
import { createLogView, type LogView } from './log-view.ts'
import type { PairList } from './pairs.ts'
import type { Privacy } from './privacy.ts'
import { readSub } from './read-sub.ts'
import type { ResourceFacts } from './resource.ts'
import { type KnownResource, readText, type ScopeFacts, type ScopeReader } from './scope-facts.ts'
import { BYTES, createWire, type Wire } from './wire.ts'

// An export request of logs, in one pass. Rules may look at any record (its text is what they look
// for), so that each becomes an object, which reads what it is asked for.

export interface LogReaderOptions {
  readonly scopes: ScopeReader
  readonly table: LogTable
  readonly pairs: PairList
  readonly privacy: Privacy
  readonly traits: LogTraits
}

export interface LogContext {
  readonly admission: Admission
  /** As whom observations will name it. */
  heardAs(resource: ResourceFacts): Source
  /** Stands in where a record has neither time. */
  readonly receivedUnixMs: number
}

export interface LogReader {
  /** @throws BadTelemetry */
  read(bytes: Buffer, context: LogContext): readonly LogView[]
}

export function createLogReader(options: LogReaderOptions): LogReader {
  const { scopes, table, pairs, privacy, traits } = options
  const wire = createWire()
  const scan = createLogScan()

  const take = (end: number, scope: LogScope, context: LogContext): LogView | undefined => {
    scanLog(wire, end, { scan, pairs })
    if (!context.admission.admitsAt(scan.time(wire.view, context.receivedUnixMs), pairs))
      return undefined
    const view = createLogView({
      ...{ bytes: wire.bytes, scope, scan, pairs, privacy },
      traits: (kind, attributes) =>
        traits.tells(kind, attributes) ? traits.of(wire, scan, scope) : undefined,
    })
    table.push(wire, { scan, view, pairs })
    return view
  }
  const readScope = (end: number, sender: LogSender, context: LogContext) => {
    const inner = readSub(wire, { end, number: 1 }, scopes.scope)
    const schemaUrl = readSchemaUrl(wire, end)
    const scope: LogScope = { ...sender, ...inner, schemaUrl }
    const views: LogView[] = []
    while (wire.at < end) {
      const tag = wire.tag(end)
      if (tag === 2 * 8 + BYTES) {
        const to = wire.lengthEnd(end)
        const view = take(to, scope, context)
        if (view) views.push(view)
        wire.at = to
      } else wire.skip(tag, end)
    }
    table.endScope(scope, views.length)
    return views
  }
  const readResource = (end: number, context: LogContext) => {
    const resource = readSub(wire, { end, number: 1 }, scopes.resource)
    const heardAs = context.heardAs(resource)
    const sender = { resource, resourceSchemaUrl: readSchemaUrl(wire, end), heardAs }
    const views: LogView[] = []
    while (wire.at < end) {
      const tag = wire.tag(end)
      if (tag === 2 * 8 + BYTES)
        for (const view of readScope(wire.lengthEnd(end), sender, context)) views.push(view)
      else wire.skip(tag, end)
    }
    return views
  }
  return {
    read(bytes, context) {
      wire.open(bytes)
      const views: LogView[] = []
      for (const end = bytes.length; wire.at < end; ) {
        const tag = wire.tag(end)
        if (tag === 1 * 8 + BYTES)
          for (const view of readResource(wire.lengthEnd(end), context)) views.push(view)
        else wire.skip(tag, end)
      }
      return views
    },
  }
}

interface LogSender {
  readonly resource: KnownResource
  readonly resourceSchemaUrl: string
  readonly heardAs: Source
}

type LogScope = ScopeFacts & Pick<LogSender, 'heardAs'>

/** Of a resource's or a scope's items: field 3 of both. The wire stays where it was. */
export function readSchemaUrl(wire: Wire, end: number): string {
  const start = wire.at
  let url = ''
  while (wire.at < end) {
    const tag = wire.tag(end)
    if (tag === 3 * 8 + BYTES) url = readText(wire, end)
    else wire.skip(tag, end)
  }
  wire.at = start
  return url
}
