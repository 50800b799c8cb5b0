import type { Meaning, Meanings } from '../config/meanings.ts'
import type { Topology } from '../config/topology.ts'
import type { Source } from '../model/observation.ts'
import { readAttribute, readMeaning, readTarget, type Scoped } from './fields.ts'
import { OLDER_NAMES } from './older-names.ts'
import { judgeAttempt } from './outcome.ts'
import { REQUEST_END } from './request-end.ts'
import type { OwnWord, OwnWords, RoutedFacts } from './said.ts'
import { readSteady, shownEndingOf } from './served.ts'
import type { RoutedView, SpanView } from './span-view.ts'

export interface RoutedContext {
  readonly meanings: Meanings
  readonly topology: Topology
}

export function readRoutedFacts(
  span: SpanView,
  source: Source,
  { meanings, topology }: RoutedContext,
): RoutedFacts {
  const { attributes, kind } = span
  const scoped = { attributes, resource: span.resource.attributes }
  const isServerSpan = kind === 'Server'
  const aimed = { ...scoped, isServerSpan, component: source.component }
  const target = String(readTarget(meanings.target, aimed) ?? '')
  const route = String(readMeaning(meanings.route, scoped) ?? '')
  const isRouter = source.component === 'router'
  const isEnd = span.name === REQUEST_END
  const says = (key: string) => attributes.get(key) !== undefined
  const isRouted = says('signalbox.route') || topology.hasRoute(route)
  const isAimed = says('signalbox.target') || topology.hasTarget(target)
  const ending = shownEndingOf(span)
  const steady = readSteady(scoped, meanings)
  const own = (meaning: Meaning) => findOwnWord(meanings[meaning], scoped)
  // All by name: they are read by thousands a second, and spread objects are slow to read.
  return {
    source,
    target,
    route,
    isEnd,
    ending,
    generation: steady.generation,
    model: steady.model,
    region: steady.region,
    tenant: steady.tenant,
    tier: steady.tier,
    class: steady.class,
    variant: steady.variant,
    images: steady.images,
    role: topology.roleOf(route, target),
    isRequest: isRouter && isServerSpan && isRouted && !isEnd,
    isAttempt: isRouter && kind === 'Client' && isAimed,
    goesOn: saysItGoesOn(span, ending.statusCode),
    outcome: judgeAttempt(ending),
    requestId: own('request_id'),
    session: own('session'),
    cost: own('cost'),
  }
}

function findOwnWord(names: readonly string[], item: Scoped): OwnWord {
  const name = names.find((one) => readMeaning([one], item) !== undefined)
  if (name === undefined) return { key: undefined, value: undefined }
  if (name.startsWith('resource.')) return { key: undefined, value: readAttribute(name, item) }
  const isOlder = item.attributes.get(name) === undefined
  return { key: isOlder ? OLDER_NAMES.get(name) : name, value: undefined }
}

/** @param facts of that span, or of one that is alike */
export function wordsOf(span: RoutedView, facts: RoutedFacts): OwnWords {
  if (span.words !== undefined) return span.words
  const { attributes } = span
  const read = ({ key, value }: OwnWord) => (key === undefined ? value : attributes.get(key))
  return {
    requestId: read(facts.requestId),
    session: read(facts.session),
    cost: read(facts.cost),
  }
}

const ACCEPTED = 202

/** `signalbox.async`, where it is said; else 202 Accepted: taken, not done. */
export function saysItGoesOn({ attributes }: Pick<SpanView, 'attributes'>, statusCode: number) {
  const said = attributes.get('signalbox.async')
  return said === undefined ? statusCode === ACCEPTED : String(said) === 'true'
}
