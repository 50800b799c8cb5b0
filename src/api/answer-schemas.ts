import { z } from 'zod'
import { Backtest, BacktestRunning } from './backtest-schemas.ts'

// What calls answer, for the OpenAPI document. Kept apart from the handlers: an answer is never cut
// down to its description, so a field may be there before it is described.

const Time = z.iso.datetime()
const Text = z.string()
const Count = z.number().int()
const Texts = z.record(z.string(), z.string())
const Pair = z.object({ epoch: Count, generation: Count })
const Anything = z.record(z.string(), z.unknown())
const listOf = (item: z.ZodType) => z.object({ items: z.array(item), next: Text.optional() })

const Share = z.object({
  ...{ target: Text, weight: z.number(), label: Text.optional(), params: Anything.optional() },
  only: z.record(z.string(), z.array(Text)).optional(),
  retryable_only: z.boolean().optional(),
  max_rps: z.number().optional(),
})
const Desired = z.object({
  targets: z.array(Share),
  rescue: z.object({
    order: z.array(Text),
    max_rps: z.number(),
    attempt_timeout_ms: z.number(),
  }),
  new_requests_only: z.boolean(),
})
const Reason = z.object({
  ...{ rule: Text.optional(), value: z.number().optional(), threshold: z.number().optional() },
  ...{ count: Count.optional(), window_s: z.number().optional() },
  ...{ actor: Text, text: Text.optional() },
})
const RouteState = z.enum([
  ...(['primary', 'suspect', 'engaging', 'fallback', 'probing', 'ramping'] as const),
  ...(['blocked', 'latched'] as const),
])
const Data = z.object({
  ...{ version: Count, route: Text, epoch: Count, generation: Count, previous_generation: Count },
  ...{ state: RouteState, desired: Desired },
  on_controller_loss: z.object({ after_s: z.number(), then: z.enum(['hold', 'revert']) }),
  ...{ reason: Reason, policy_revision: Count, incident: Text.optional(), decided_at: Time },
  ...{ not_after: Time.optional(), dry_run: z.boolean(), state_url: Text },
})
const State = z.object({ epoch: Count, version: Count, routes: z.record(z.string(), Data) })

const Inhibitor = z.object({
  kind: z.enum(['hold', 'paused', 'frozen', 'forced', 'maintenance']),
  ...{ reason: Text, actor: Text, since: Time, until: Time.optional() },
})
const Target = z.object({
  ...{ target: Text, role: z.enum(['primary', 'fallback', 'unlisted']), weight: z.number() },
  ready: z.boolean().nullable(),
  ...{ requests_per_s: z.number(), failed_ratio: z.number().nullable() },
})
const Router = z.object({
  ...{ router: Text, accountable: z.boolean(), gone: z.boolean(), observed: Pair.nullable() },
  answered_at: Time.nullable(),
  ...{ observed_at: Time.nullable(), last_seen: Time.nullable() },
})
const Proof = z.object({
  answered_at: Time.optional(),
  ...{ observed_at: Time.optional(), verified_at: Time.optional() },
})
const Route = z.object({
  ...{ route: Text, state: RouteState, since: Time, epoch: Count, generation: Count },
  ...{ desired: Desired, inhibitors: z.array(Inhibitor), reason: Reason, policy_revision: Count },
  mode: z.enum(['off', 'observe', 'recommend', 'auto']),
  ...{ targets: z.array(Target), routers: z.array(Router), proof: Proof },
  ...{ mitigation: Text, incident: Text.optional() },
})

const Subscription = z.object({
  ...{ id: Text, url: Text, routes: z.array(Text), events: z.array(Text), router: Text },
  resolve: z.enum(['one', 'each']),
  origin: z.enum(['file', 'api']),
  ...{ created_at: Time, disabled_at: Time.optional() },
  secret: Text.optional().describe('only on creation and rotation'),
})
const Attempt = z.object({
  ...{ at: Time, duration_ms: z.number(), status: Count.optional() },
  ...{ error: Text.optional(), response: Text.optional() },
})
const Delivery = z.object({
  ...{ id: Text.describe('the webhook-id'), subscription: Text, router: Text, route: Text },
  ...{ epoch: Count, generation: Count, version: Count },
  state: z.enum(['pending', 'answered', 'observed', 'superseded', 'dead']),
  attempts: z.array(Attempt),
})

const Severity = z.enum(['info', 'warning', 'error', 'critical'])
const RuleState = z.enum(['ok', 'pending', 'firing', 'insufficient', 'unknown'])
const FieldValue = z.union([z.number(), Text, z.boolean()]).nullable()
const Effect = z.enum(['firing', 'ok']).describe('the last conclusive verdict')
const Group = z.object({
  ...{ by: Texts, state: RuleState, reason: Text.optional() },
  value: FieldValue,
  ...{ threshold: z.number().nullable(), count: Count, since: Time },
  ...{ watermark: Time.nullable(), lag_ms: z.number().nullable() },
  ...{ window_s: z.number(), min_count: Count.nullable(), effect: Effect },
  witnesses: z.array(Text).describe('routers whose own attempts breach the rule'),
})
const RuleChange = z.object({
  ...{ at: Time.describe('event time'), judged_at: Time },
  ...{ from: RuleState.nullable(), to: RuleState, effect: Effect },
  ...{ value: FieldValue, threshold: z.number().nullable(), count: Count, reason: Text.optional() },
  refused: z
    .enum(['stale', 'unknown', 'insufficient', 'holding', 'recovered', 'restarted'])
    .optional()
    .describe('why it would have tripped or cleared but did not; once per episode'),
})
const RuleSource = z.object({
  ...{ source: Text, component: Text, share: z.number(), age_ms: z.number().nullable() },
  state: z.enum(['sending', 'quiet', 'silent', 'behind']),
  spans_missing: z
    .number()
    .optional()
    .describe('share of its spans that is missing, while its counters stand for them'),
})
const GROUP_DETAIL = {
  title: Text.describe('rendered for the group'),
  clear: z.object({
    ...{ level: z.number().nullable(), window_s: z.number() },
    ...{ min_count: Count.nullable(), for_s: z.number() },
  }),
  next: Text.describe('what would have to happen, in plain words'),
  rests_on: Text.optional().describe('on whose counters; absent where all are spans'),
  sources: z.array(RuleSource).describe('at most 20, by share'),
  source_count: Count,
  changes: z.array(RuleChange).describe('the last 20 changes and refusals, oldest first'),
}
const RuleHead = { id: Text, kind: Text, severity: Severity, title: Text, labels: Texts }
const Rule = z.object({ ...RuleHead, groups: z.array(Group) })
const RuleDetail = z.object({
  ...RuleHead,
  runbook: Text.optional(),
  groups: z.array(Group.extend(GROUP_DETAIL)),
})

const Entry = z.object({
  ...{ at: Time, clock: Text, kind: Text, text: Text, evidence: Anything.optional() },
})
const Incident = z.object({
  ...{ id: Text, title: Text, state: z.enum(['open', 'mitigated', 'resolved']) },
  ...{ severity: Severity, route: Text.optional(), labels: Texts, t0: Time, opened_at: Time },
  ...{ acknowledged_at: Time.optional(), acknowledged_by: Text.optional() },
  ...{ mitigated_at: Time.optional(), resolved_at: Time.optional() },
  ...{ mitigation: Text, mitigation_text: Text.optional(), runbook: Text.optional() },
  ...{ user_impact: z.number().nullable(), rules: z.array(Anything).optional() },
  ...{ timeline: z.array(Entry), pages: z.array(Anything) },
})
const Silence = z.object({
  ...{ id: Text, matchers: Anything, owner: Text, reason: Text, created_at: Time, ends_at: Time },
})
const Paused = z.object({ paused: z.boolean() })
const Part = z.object({ part: Text, reason: Text })

export const Problem = z.object({
  ...{ type: Text, title: Text, status: Count, code: Text, detail: Text },
  errors: z
    .array(
      z.object({
        ...{ file: Text.optional(), line: Count.optional() },
        ...{ key: Text.optional(), message: Text },
      }),
    )
    .optional(),
})

/** By method and path: what is answered on success, and with which status when it is not 200. */
export const ANSWERS: Readonly<Record<string, AnswerSchema>> = {
  'GET /api/v1/state': { schema: State },
  'PUT /api/v1/routers/:id/status': { schema: z.object({ epoch: Count, version: Count }) },
  'DELETE /api/v1/routers/:id': { status: 204 },
  'GET /api/v1/subscriptions': { schema: listOf(Subscription) },
  'POST /api/v1/subscriptions': { status: 201, schema: Subscription },
  'GET /api/v1/subscriptions/:id': { schema: Subscription },
  'PATCH /api/v1/subscriptions/:id': { schema: Subscription },
  'DELETE /api/v1/subscriptions/:id': { status: 204 },
  'POST /api/v1/subscriptions/:id/rotate-secret': { schema: Subscription },
  'GET /api/v1/deliveries': { schema: listOf(Delivery) },
  'POST /api/v1/deliveries/:id/redeliver': { status: 202, schema: Anything },
  'GET /api/v1/routes': { schema: listOf(Route) },
  'GET /api/v1/routes/:route': { schema: Route },
  'POST /api/v1/routes/:route/actions': { schema: Route },
  'POST /api/v1/pause': { schema: Paused },
  'POST /api/v1/resume': { schema: Paused },
  'GET /api/v1/rules': { schema: listOf(Rule) },
  'GET /api/v1/rules/:id': { schema: RuleDetail },
  'GET /api/v1/incidents': { schema: listOf(Incident) },
  'GET /api/v1/incidents/:id': { schema: Incident },
  'POST /api/v1/incidents/:id/ack': { schema: Incident },
  'POST /api/v1/incidents/:id/resolve': { schema: Incident },
  'POST /api/v1/incidents/:id/notes': { schema: Incident },
  'POST /api/v1/incidents/:id/actions': { schema: Incident },
  'GET /api/v1/silences': { schema: listOf(Silence) },
  'POST /api/v1/silences': { status: 201, schema: Silence },
  'DELETE /api/v1/silences/:id': { status: 204 },
  'POST /api/v1/events': { status: 201, schema: Anything },
  'POST /api/v1/backtests': { schema: Backtest },
  'GET /api/v1/backtests': { schema: z.object({ running: BacktestRunning.nullable() }) },
  'GET /readyz': {
    schema: z.object({ status: Text, reasons: z.array(Text), degraded: z.array(Part) }),
  },
}

export interface AnswerSchema {
  readonly status?: number
  readonly schema?: z.ZodType
}
