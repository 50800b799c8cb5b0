import type { Meaning, Meanings } from '../config/meanings.ts'
import type { Served } from '../model/attempt.ts'
import { parseGeneration } from '../model/generation.ts'
import type { Source } from '../model/observation.ts'
import { readAttribute, readMeaning, type Scoped } from './fields.ts'
import type { Ending } from './outcome.ts'
import type { SteadyWork } from './said.ts'
import type { AttributesView } from './span-place.ts'
import type { SpanView } from './span-view.ts'
import { weightOf } from './trace-state.ts'

const IMAGES_MAX = 1_000_000

export interface ServedContext {
  readonly meanings: Meanings
  readonly source: Source
  readonly receivedUnixMs: number
}

/** A span, or a log record, which is a span of no length. */
export interface ServedItem
  extends Pick<SpanView, 'traceId' | 'spanId' | 'startUnixNs' | 'endUnixNs' | 'traceState'> {
  readonly attributes: Pick<AttributesView, 'get'>
  readonly resource: Pick<SpanView['resource'], 'attributes'>
}

export function readWork(
  span: ServedItem,
  context: ServedContext,
): Omit<Served, 'route' | 'requestId' | 'outcome' | 'errorType' | 'statusCode'> {
  const scoped = { attributes: span.attributes, resource: span.resource.attributes }
  const { meanings } = context
  const steady = readSteady(scoped, meanings)
  // All by name: so many of a spread object are slow to make.
  return {
    router: context.source.id,
    traceId: span.traceId,
    spanId: span.spanId,
    startUnixNs: span.startUnixNs,
    endUnixNs: span.endUnixNs,
    generation: steady.generation,
    model: steady.model,
    region: steady.region,
    tenant: steady.tenant,
    tier: steady.tier,
    class: steady.class,
    variant: steady.variant,
    images: steady.images,
    session: String(readMeaning(meanings.session, scoped) ?? ''),
    cost: toCost(readMeaning(meanings.cost, scoped)),
    weight: weightOf(span.traceState),
    receivedUnixMs: context.receivedUnixMs,
  }
}

/** What many requests have in common. */
export function readSteady(item: Scoped, meanings: Meanings): SteadyWork {
  const read = (meaning: Meaning) => readMeaning(meanings[meaning], item)
  const text = (meaning: Meaning) => String(read(meaning) ?? '')
  const generation = text('generation')
  return {
    generation: parseGeneration(generation) ? generation : '',
    model: text('model'),
    region: text('region'),
    tenant: text('tenant'),
    tier: text('tier'),
    class: text('class'),
    variant: text('variant'),
    images: toCount(read('images'), { otherwise: 1, max: IMAGES_MAX }),
  }
}

/** `signalbox.request.id` or its like; '' when the span carries none. */
export function readRequestId(
  span: Pick<ServedItem, 'attributes' | 'resource'>,
  meanings: Meanings,
): string {
  const scoped = { attributes: span.attributes, resource: span.resource.attributes }
  return String(readMeaning(meanings.request_id, scoped) ?? '')
}

/** Without how long it took. */
export function shownEndingOf(span: SpanView): Ending {
  const scoped = { attributes: span.attributes, resource: span.resource.attributes }
  const read = (name: string) => readAttribute(name, scoped)
  const isError = span.status === 'Error'
  const exception = isError ? span.exception?.attributes.get('exception.type') : undefined
  return {
    statusCode: toCount(read('http.response.status_code'), { otherwise: 0, max: 999 }),
    errorType: String(read('error.type') ?? exception ?? ''),
    isError,
    responseFlags: String(read('response_flags') ?? ''),
    durationMs: 0,
  }
}

export function toCost(value: unknown): number {
  const number = Number(value ?? 0)
  return Number.isFinite(number) && number > 0 ? number : 0
}

/** Senders write numbers as text too; what is no count at all counts as absent. */
function toCount(value: unknown, limits: { otherwise: number; max: number }): number {
  if (value === undefined) return limits.otherwise
  const number = Math.trunc(Number(value))
  return number >= 0 && number <= limits.max ? number : limits.otherwise
}
