import type { RequestOutcome, Role } from '../../src/model/attempt.ts'
import type { RouteState } from '../../src/model/desired.ts'
import type { Observation } from '../../src/model/observation.ts'
import type { Mitigation, RouteView, Transition } from '../../src/model/route.ts'
import type { StateChange, StateStore } from '../../src/model/state-store.ts'
import type { Verdict } from '../../src/model/verdict.ts'

/** A state store in memory that keeps what a real one would: JSON, revisions, compare-and-set. */
export function createMemoryStore() {
  const documents = new Map<string, { text: string; revision: number }>()
  let commitCount = 0
  let isBroken = false
  const isExpected = ({ key, expect }: StateChange) =>
    expect === undefined || (documents.get(key)?.revision ?? 0) === expect
  const store: StateStore = {
    get<T>(key: string) {
      const found = documents.get(key)
      return found && { value: JSON.parse(found.text) as T, revision: found.revision }
    },
    list: <T>(prefix: string) =>
      [...documents]
        .filter(([key]) => key.startsWith(prefix))
        .sort(([a], [b]) => (a < b ? -1 : 1))
        .map(([key, { text, revision }]) => ({ key, value: JSON.parse(text) as T, revision })),
    commit(changes) {
      if (isBroken) throw new Error('disk full')
      if (!changes.every(isExpected)) return false
      commitCount++
      for (const { key, value } of changes) {
        if (value === undefined) documents.delete(key)
        else {
          const revision = (documents.get(key)?.revision ?? 0) + 1
          documents.set(key, { text: JSON.stringify(value), revision })
        }
      }
      return true
    },
  }
  return {
    ...store,
    breakDown: (broken: boolean) => {
      isBroken = broken
    },
    commitCount: () => commitCount,
  }
}

export type VerdictFields = Partial<Omit<Verdict, 'state' | 'value' | 'reason'>> & {
  readonly state?: Verdict['state']
  readonly value?: number | null
}

/** A firing critical verdict of `primary-failing` on preview, unless said otherwise. */
export function verdictOf(atUnixMs: number, fields: VerdictFields = {}): Verdict {
  const state = fields.state ?? 'firing'
  return {
    rule: 'primary-failing',
    kind: 'ratio',
    by: { route: 'preview', target: 'cloud-eu' },
    severity: 'critical',
    labels: { team: 'serving', class: 'errors' },
    title: 'preview: 47 % of attempts on cloud-eu failed in 90s',
    sinceUnixMs: atUnixMs,
    atUnixMs,
    judgedUnixMs: atUnixMs,
    watermarkUnixMs: atUnixMs,
    threshold: 0.4,
    count: 212,
    windowMs: 90_000,
    effect: state === 'firing' ? 'firing' : 'ok',
    witnesses: ['router-1'],
    ...fields,
    ...(state === 'unknown'
      ? { state, reason: 'router-1 is silent', value: null }
      : { state, value: fields.value ?? 0.47 }),
  }
}

export interface TransitionFields {
  readonly from?: RouteState
  readonly to: RouteState
  readonly mitigation?: Mitigation
  readonly text?: string
  readonly kind?: Transition['kind']
  readonly view?: Partial<RouteView>
}

export function transitionOf(atUnixMs: number, fields: TransitionFields): Transition {
  const at = new Date(atUnixMs).toISOString()
  const view: RouteView = {
    route: 'preview',
    epoch: 3,
    generation: 57,
    state: fields.to,
    since: at,
    desired: {
      targets: [
        { target: 'edge-local', weight: 0.99 },
        { target: 'cloud-eu', weight: 0.01, retryable_only: true },
      ],
      rescue: { order: ['edge-local'], max_rps: 0, attempt_timeout_ms: 3_000 },
      new_requests_only: true,
    },
    inhibitors: [],
    reason: { rule: 'primary-failing', value: 0.47, threshold: 0.4, actor: 'signalbox' },
    policy_revision: 7,
    mode: 'auto',
    targets: [
      {
        target: 'cloud-eu',
        role: 'primary',
        weight: 0.01,
        ready: null,
        requests_per_s: 1,
        failed_ratio: 1,
      },
      {
        target: 'edge-local',
        role: 'fallback',
        weight: 0.99,
        ready: true,
        requests_per_s: 99,
        failed_ratio: 0,
      },
    ],
    routers: [],
    proof: {},
    mitigation: fields.mitigation ?? 'pending',
    ...fields.view,
  }
  return {
    route: view.route,
    atUnixMs,
    kind: fields.kind ?? 'state',
    from: fields.from ?? 'suspect',
    to: fields.to,
    text: fields.text ?? `${fields.from ?? 'suspect'} → ${fields.to}`,
    view,
    evidence: { ruleTrueUnixMs: atUnixMs - 2_000 },
  }
}

export interface RequestFields {
  readonly outcome: RequestOutcome
  readonly role?: Role | ''
  readonly route?: string
  readonly tookMs?: number
}

/** A request that ended, and arrived, at `endUnixMs`. */
export function requestOf(endUnixMs: number, fields: RequestFields): Observation {
  const startUnixMs = endUnixMs - (fields.tookMs ?? 100)
  const request = {
    route: fields.route ?? 'preview',
    outcome: fields.outcome,
    finalRole: fields.role ?? 'primary',
    startUnixNs: BigInt(Math.round(startUnixMs)) * 1_000_000n,
    receivedUnixMs: endUnixMs,
  } as unknown as NonNullable<Observation['request']>
  return {
    unit: 'request',
    atUnixMs: endUnixMs,
    startUnixMs,
    source: { id: 'router-1', component: 'router' },
    weight: 1,
    field: () => undefined,
    request,
  }
}
