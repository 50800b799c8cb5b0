import type { Topology } from '../config/topology.ts'
import type { Attempt } from '../model/attempt.ts'
import type { StoredRequest } from '../model/stored.ts'
import { inOrder } from './attribution.ts'
import { toUnixMs } from './int64.ts'
import { areLost, type Ending, isCancelled, judgeRequest } from './outcome.ts'
import { JudgedRequest } from './placed.ts'
import type { SaidRequest } from './said.ts'
import type { AttemptEntry, Group, RequestEntry } from './story.ts'

// What a request is, by all that is known of it now.

/** Of a request that is one SERVER span. @param attempts its own, oldest first */
export function toSpanRequest(
  entry: RequestEntry,
  attempts: readonly AttemptEntry[],
  topology: Topology,
): JudgedRequest {
  const { said, target } = entry
  const own = entry.hasOwn ? entry.own : undefined
  const tried = attempts.length > 0 ? attempts.map(saidOf) : own ? [own.said] : []
  const { outcome, errorType, abandonedAfterMs } = judgeRequest(endingOf(entry), tried)
  // A router whose attempts did not come (yet) may still name the target on the request.
  const named = outcome === 'ok' && tried.length === 0 ? target : ''
  const finalTarget = finalTargetOf(tried) ?? named
  const finalRole = finalTarget === '' ? '' : topology.roleOf(said.route, finalTarget)
  return new JudgedRequest(said, {
    outcome,
    errorType,
    abandonedAfterMs,
    finalTarget,
    finalRole,
    attemptCount: tried.length,
  })
}

const saidOf = ({ said }: AttemptEntry) => said

/** How long it took counts only for what may have been given up. */
function endingOf({ ending, said }: RequestEntry): Ending {
  if (!isCancelled(ending)) return ending
  return { ...ending, durationMs: toUnixMs(said.endUnixNs - said.startUnixNs) }
}

export type JobRequest = Omit<StoredRequest, 'form' | 'revision'>

/**
 * Of an asynchronous request: what its end says, `failed` after the deadline, else `unknown`. As for
 * any request, it failed when its last attempt failed and none was ok.
 * @param opening the first of its request spans, if any is known
 */
export function toJobRequest(
  group: Group,
  opening: SaidRequest | undefined,
  topology: Topology,
): JobRequest | undefined {
  const { end, isExpired } = group
  const said = mergeSaid(opening, end?.said)
  if (!said) return undefined
  const all = group.attempts.filter(({ isOwn }) => !isOwn)
  const attempts = all.length > 1 ? inOrder(all) : all
  const tried = attempts.map(saidOf)
  const route = said.route || (attempts.map(routeOf).find((one) => one !== '') ?? '')
  const judged = (): Pick<JobRequest, 'outcome' | 'errorType'> => {
    if (!end)
      return isExpired
        ? { outcome: 'failed', errorType: 'no_answer' }
        : { outcome: 'unknown', errorType: '' }
    return areLost(tried)
      ? { outcome: 'failed', errorType: end.errorType || (tried.at(-1)?.errorType ?? '') }
      : end
  }
  const { outcome, errorType } = judged()
  const finalTarget = finalTargetOf(tried) ?? ''
  const endUnixNs =
    !end && isExpired
      ? said.startUnixNs + BigInt(Math.round(topology.deadlineMsOf(route))) * 1_000_000n
      : said.endUnixNs
  return {
    route,
    router: said.router,
    requestId: said.requestId,
    traceId: said.traceId,
    spanId: said.spanId,
    startUnixNs: said.startUnixNs,
    endUnixNs,
    outcome,
    errorType,
    statusCode: said.statusCode,
    generation: said.generation,
    session: said.session,
    model: said.model,
    region: said.region,
    tenant: said.tenant,
    tier: said.tier,
    class: said.class,
    variant: said.variant,
    images: said.images,
    cost: said.cost,
    weight: said.weight,
    receivedUnixMs: said.receivedUnixMs,
    finalTarget,
    finalRole: finalTarget === '' ? '' : topology.roleOf(route, finalTarget),
    attemptCount: tried.length,
    abandonedAfterMs: 0,
  }
}

/** The opening says who and where; of what it leaves out, and of how it went, the end. */
function mergeSaid(
  opening: SaidRequest | undefined,
  end: SaidRequest | undefined,
): SaidRequest | undefined {
  if (!opening || !end) return opening ?? end
  const { endUnixNs, receivedUnixMs, statusCode, images, cost } = end
  return {
    router: opening.router,
    requestId: opening.requestId,
    traceId: opening.traceId,
    spanId: opening.spanId,
    startUnixNs: opening.startUnixNs,
    weight: opening.weight,
    endUnixNs,
    receivedUnixMs,
    statusCode: statusCode || opening.statusCode,
    images: Math.max(images, opening.images),
    cost: cost || opening.cost,
    route: opening.route || end.route,
    generation: opening.generation || end.generation,
    session: opening.session || end.session,
    model: end.model || opening.model,
    region: opening.region || end.region,
    tenant: opening.tenant || end.tenant,
    tier: opening.tier || end.tier,
    class: opening.class || end.class,
    variant: opening.variant || end.variant,
  }
}

export const routeOf = ({ said, routeAbove }: AttemptEntry) => said.route || routeAbove

function finalTargetOf(tried: readonly Attempt[]): string | undefined {
  return tried.findLast(({ outcome }) => outcome === 'ok')?.target
}
