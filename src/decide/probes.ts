import { fetch } from 'undici'
import type { Failover, ProbePolicy } from '../config/failover.ts'
import type { Clock } from '../lib/clock.ts'
import type { Generation } from '../model/generation.ts'

// Asks targets for a real generation over HTTP. Every question has a deadline and at most one is
// open per URL; a probe that never settles would otherwise leave a route half-way for days.

export interface ProbeResult {
  readonly isOk: boolean
  readonly detail: string
  readonly atUnixMs: number
  /** The pair of the route that was in force when it was asked (primary probes). */
  readonly pair?: Generation
}

export interface Probes {
  /** Asks whatever is due; `skip` says that live traffic makes the question needless. */
  tick(nowMs: number): void
  /** Ask this fallback at the next tick, whatever its period. */
  hurry(target: string): void
  readyOf(target: string, probe: ProbePolicy): ProbeResult | undefined
  primaryOf(route: string): ProbeResult | undefined
  reload(failover: Failover): void
  stop(): void
}

export interface ProbesOptions {
  readonly failover: Failover
  readonly clock: Clock
  pairOf(route: string): Generation | undefined
  /** Live traffic proves the target, so its `ready` probe would only add load. */
  isProven(target: string, freshForMs: number): boolean
  done(event: { target: string; kind: 'ready' | 'primary_ready'; result: ProbeResult }): void
}

interface Question {
  readonly kind: 'ready' | 'primary_ready'
  readonly key: string
  readonly route: string
  readonly target: string
  readonly probe: ProbePolicy
}

const OPEN_MAX = 16

export function createProbes(options: ProbesOptions): Probes {
  const { clock } = options
  let questions = questionsOf(options.failover)
  const results = new Map<string, ProbeResult>()
  const dueMs = new Map<string, number>()
  const open = new Map<string, AbortController>()
  let isStopped = false

  const ask = async (question: Question) => {
    const { key, kind, target, probe } = question
    const abort = new AbortController()
    open.set(key, abort)
    const pair = kind === 'primary_ready' ? options.pairOf(question.route) : undefined
    const cancel = clock.after(probe.deadline, () => abort.abort(new Error('deadline')))
    const answer = await get(probe.url, abort.signal)
    cancel()
    open.delete(key)
    if (isStopped) return
    const result = { ...answer, atUnixMs: clock.nowMs(), ...(pair && { pair }) }
    results.set(key, result)
    options.done({ target, kind, result })
  }

  const isDue = ({ key, kind, target, probe }: Question, nowMs: number) => {
    if (open.has(key) || nowMs < (dueMs.get(key) ?? 0)) return false
    const hasFailed = results.get(key)?.isOk === false
    return kind === 'primary_ready' || hasFailed || !options.isProven(target, probe.fresh_for)
  }

  return {
    tick(nowMs) {
      for (const question of questions) {
        if (open.size >= OPEN_MAX) return
        if (!isDue(question, nowMs)) continue
        dueMs.set(question.key, nowMs + question.probe.every)
        // `ask` never rejects: an answer that does not come is a result too.
        void ask(question)
      }
    },
    hurry(target) {
      for (const question of questions) {
        if (question.target === target && question.kind === 'ready') dueMs.delete(question.key)
      }
    },
    readyOf: (target, probe) => results.get(keyOf('ready', target, probe.url)),
    primaryOf(route) {
      const question = questions.find((one) => one.kind === 'primary_ready' && one.route === route)
      return question && results.get(question.key)
    },
    reload(failover) {
      questions = questionsOf(failover)
      const keys = new Set(questions.map((question) => question.key))
      for (const key of results.keys()) if (!keys.has(key)) results.delete(key)
      for (const key of dueMs.keys()) if (!keys.has(key)) dueMs.delete(key)
    },
    stop() {
      isStopped = true
      for (const abort of open.values()) abort.abort(new Error('stopped'))
    },
  }
}

function keyOf(kind: Question['kind'], name: string, url: string): string {
  return JSON.stringify([kind, name, url])
}

/** Routes that share a fallback and its URL share the probe. */
function questionsOf(failover: Failover): readonly Question[] {
  const questions = new Map<string, Question>()
  for (const policy of failover.routes) {
    if (policy.mode === 'off') continue
    const { route, primary, primary_ready: probe } = policy
    if (probe) {
      const key = keyOf('primary_ready', route, probe.url)
      questions.set(key, { kind: 'primary_ready', key, route, target: primary, probe })
    }
    for (const { target, ready } of policy.fallbacks) {
      if (!ready) continue
      const key = keyOf('ready', target, ready.url)
      questions.set(key, { kind: 'ready', key, route, target, probe: ready })
    }
  }
  return [...questions.values()]
}

async function get(url: string, signal: AbortSignal): Promise<{ isOk: boolean; detail: string }> {
  try {
    const response = await fetch(url, { signal, redirect: 'error' })
    await response.body?.cancel()
    return { isOk: response.ok, detail: `status ${response.status}` }
  } catch (fault) {
    const cause = fault instanceof Error ? (fault.cause ?? fault) : fault
    return { isOk: false, detail: cause instanceof Error ? cause.message : String(cause) }
  }
}
