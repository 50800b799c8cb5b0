import { createMeanings } from '../../src/config/meanings.ts'
import { mapRulesOf, Settings } from '../../src/config/settings.ts'
import { createAdmission } from '../../src/decode/admission.ts'
import { createAgeLimit } from '../../src/decode/age-limit.ts'
import { quiet } from '../../src/decode/attributes-view.ts'
import { createLogReader } from '../../src/decode/log-reader.ts'
import { createLogTraits } from '../../src/decode/log-traits.ts'
import { itemOfLog, itemOfPoint, itemOfSpan, type MapItem } from '../../src/decode/map-items.ts'
import type { Mapped } from '../../src/decode/mapped.ts'
import { createMapper } from '../../src/decode/mapper.ts'
import { createMetricReader } from '../../src/decode/metric-reader.ts'
import { readNdjson } from '../../src/decode/ndjson.ts'
import { createPrivacyTally } from '../../src/decode/privacy.ts'
import { createRoutedBook } from '../../src/decode/routed-book.ts'
import { createScopeReader } from '../../src/decode/scope-facts.ts'
import { createSpanTraits } from '../../src/decode/span-traits.ts'
import { createSpanViewer } from '../../src/decode/span-viewer.ts'
import { createTables } from '../../src/decode/tables.ts'
import { createTraceReader } from '../../src/decode/trace-reader.ts'
import type { OtlpRequest } from '../../src/model/otlp.ts'
import { PRIVACY } from './decoder-fixture.ts'

// Telemetry as it really comes, through the decoder's own readers, to the mapper.

const TEN_YEARS_MS = 10 * 365 * 86_400_000

/** A mapper as settings make it: `profiles` and `map` as they are written in the file. */
export function mapperOf(telemetry: { readonly profiles?: unknown[]; readonly map?: unknown[] }) {
  return createMapper({ rules: mapRulesOf(Settings.parse({ telemetry })) })
}

/** The body of `/ingest/ndjson`. */
export function ndjsonOf(lines: readonly (object | string)[]): OtlpRequest {
  const text = lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line)))
  const body = Buffer.from(text.join('\n'))
  return { signal: 'logs', encoding: 'ndjson', receivedUnixMs: Date.now(), body }
}

export function readNdjsonLines(lines: readonly (object | string)[]): MapItem[] {
  const request = ndjsonOf(lines)
  const options = { ...optionsOf(), retentionMs: TEN_YEARS_MS }
  const { request: body, lines: report } = readNdjson(request, options)
  if (report.refusedCount > 0) throw new Error(JSON.stringify(report.refused))
  return readItems({ ...request, body })
}

/** Of OTLP/protobuf. */
export function readOtlp(otlp: OtlpRequest): MapItem[] {
  return readItems({ ...otlp, body: Buffer.from(otlp.body) })
}

function optionsOf() {
  const privacy = { ...PRIVACY, tally: createPrivacyTally() }
  return { meanings: createMeanings(Settings.parse({})), services: {}, privacy }
}

function readItems({ signal, body, receivedUnixMs }: OtlpRequest & { body: Buffer }): MapItem[] {
  const options = optionsOf()
  const { privacy } = options
  const tables = createTables(options)
  const { pairs, logs, points, spans, viewPairs, viewEventPairs } = tables
  const shared = { ...options, scopes: createScopeReader(options), pairs }
  const limit = createAgeLimit({ receivedUnixMs, retentionMs: TEN_YEARS_MS })
  const context = { admission: createAdmission(limit), receivedUnixMs }
  switch (signal) {
    case 'logs':
      return createLogReader({ ...shared, table: logs, traits: createLogTraits(shared) })
        .read(body, { ...context, heardAs: () => ({ id: '', component: 'other' }) })
        .map(itemOfLog)
    case 'metrics': {
      const read = createMetricReader({ ...shared, tables: points }).read(body, context)
      return read.points.map(itemOfPoint)
    }
    case 'traces': {
      const view = { pairs: viewPairs, eventPairs: viewEventPairs, privacy: quiet(privacy) }
      const [ofTraits, ofRouted] = tables.eventHashes
      const traits = createSpanTraits({ ...options, pairs, eventHashes: ofTraits })
      const routedBook = createRoutedBook({ ...options, pairs, eventHashes: ofRouted, privacy })
      const viewer = createSpanViewer(view)
      const books = { traits, routedBook, eventHashes: ofTraits }
      const reader = createTraceReader({ ...shared, ...books, table: spans, viewer })
      const read = reader.read(body, {
        ...context,
        watch: tables.watch([]),
        sourceOf: () => ({ id: '', component: 'other' }),
        heardAs: () => ({ id: '', component: 'other' }),
        gateOf: () => () => true,
      })
      return read.mappable.map(itemOfSpan)
    }
  }
}

/** What matters of what was mapped, one short line each. */
export function brief(mapped: readonly Mapped[]): string[] {
  return mapped.map((one) => {
    const count = one.count > 1 ? ` ×${one.count}` : ''
    const status = one.ending.statusCode > 0 ? ` ${one.ending.statusCode}` : ''
    return `${one.unit} ${one.route || '?'} ${one.target || '?'} ${one.outcome}${status}${count}`
  })
}
