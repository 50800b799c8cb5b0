import { toText } from './attribute-value.ts'
import { createAttributesView, quiet } from './attributes-view.ts'
import { toHexId } from './hex.ts'
import { readKubernetesEvent } from './kubernetes-event.ts'
import type { LogScan } from './log-scan.ts'
import { halvesToNs } from './nanoseconds.ts'
import type { PairList } from './pairs.ts'
import { CONTENT, cleanValue, PROMPT_CONTENT, type Privacy } from './privacy.ts'
import { readAnyValue } from './read-any-value.ts'
import { joinPieces } from './read-sub.ts'
import type { ScopeFacts } from './scope-facts.ts'
import type { AttributesView } from './span-place.ts'
import type { Traits } from './traits.ts'
import type { AnyValue } from './value-message.ts'
import { BYTES, createWire } from './wire.ts'

/** A log record as rules see it; read from the request's bytes when it is asked for. */
export interface LogView {
  readonly origin: ScopeFacts
  readonly unixNs: bigint
  readonly traceId: string
  readonly severityText: string
  readonly severityNumber: number
  readonly body: string
  readonly attributes: AttributesView
  readonly eventName: string
  /** What a Kubernetes event object in the body says; empty for every other record. */
  readonly kubernetes: ReadonlyMap<string, string | number>
  /** It holds what people typed: its body is nobody's business. */
  readonly isPrompt: boolean
  /** Undefined when nobody has worked them out, or it has none. */
  readonly traits: Traits | undefined
  /** The body, when it is nothing but text: begin and end of that. */
  readonly plainBody: readonly [number, number] | undefined
}

export interface LogViewOptions {
  readonly bytes: Buffer
  readonly scope: ScopeFacts
  readonly scan: LogScan
  readonly pairs: PairList
  readonly privacy: Privacy
  /** Of this record, whose event is `kind`; asked where its body is nothing but a text. */
  traits(kind: string, attributes: AttributesView): Traits | undefined
}

const NO_EVENT: ReadonlyMap<string, string | number> = new Map()

export function createLogView(options: LogViewOptions): LogView {
  const { bytes, scope, scan, pairs, privacy } = options
  const { severityFrom, severityTo, severityNumber, traceIdAt } = scan
  const isWhole = scan.bodies.length === 2
  const [bodyFrom = 0, bodyTo = 0] = isWhole ? scan.bodies : []
  const pieces = isWhole ? undefined : joinPieces(bytes, scan.bodies)
  const unixNs = halvesToNs(scan.at)
  const all = createAttributesView({ bytes, pairs, privacy: quiet(privacy) })
  const eventName = bytes.toString('utf8', scan.eventFrom, scan.eventTo)
  const kind = eventName || String(all.get('event.name') ?? '')
  const isPrompt = kind !== '' && privacy.isPromptEvent(kind)
  const hasBody = bodyTo > bodyFrom || (pieces !== undefined && pieces.length > 0)
  if (isPrompt && hasBody) privacy.tally.add(PROMPT_CONTENT)
  const plainBody = isPrompt ? undefined : plainText(bytes, bodyFrom, bodyTo)
  const isAlike = !isPrompt && (plainBody !== undefined || !hasBody)
  let read: AnyValue | null | undefined
  const readBody = () => {
    if (read !== undefined) return read
    const wire = createWire()
    wire.open(pieces ?? bytes)
    wire.at = bodyFrom
    const end = pieces?.length ?? bodyTo
    read = isPrompt || !hasBody ? null : cleanValue(readAnyValue(wire, end), privacy)
    return read
  }
  return {
    origin: scope,
    unixNs,
    attributes: isPrompt ? withoutContent(all) : all,
    eventName,
    isPrompt,
    plainBody,
    traits: isAlike ? options.traits(kind, all) : undefined,
    severityNumber: Math.min(255, Math.max(0, severityNumber)),
    get traceId() {
      return toHexId(bytes, 16, traceIdAt)
    },
    get severityText() {
      return bytes.toString('utf8', severityFrom, severityTo)
    },
    get body() {
      return plainBody ? bytes.toString('utf8', ...plainBody) : toText(readBody())
    },
    get kubernetes() {
      return plainBody ? NO_EVENT : readKubernetesEvent(readBody())
    },
  }
}

function withoutContent(attributes: AttributesView): AttributesView {
  return {
    get: (key) => (key === CONTENT ? undefined : attributes.get(key)),
    names: () => [...attributes.names()].filter((name) => name !== CONTENT),
  }
}

function plainText(bytes: Buffer, from: number, to: number): [number, number] | undefined {
  if (to === from || bytes[from] !== 1 * 8 + BYTES) return undefined
  const wire = createWire()
  wire.open(bytes)
  wire.at = from + 1
  const end = wire.lengthEnd(to)
  return end === to ? [wire.at, end] : undefined
}
