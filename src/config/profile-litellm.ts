import type { Profile } from './telemetry-map.ts'

// LiteLLM's proxy. A route is what clients ask for (a model group), a target the deployment that
// served: the base address of its API, or a `targets:` entry for that, for its model id, or for the
// provider's name of the model. Spans of both integrations: v1 (`litellm_request`, since 1.81 left
// out, so that the span of the request itself tells all) and v2 (`chat MODEL`, GenAI conventions).
// Counters of the `prometheus` callback, with and without `_total`.

const ROUTE = [
  { from: ['signalbox.route', 'litellm.model_group', 'metadata.model_group', 'requested_model'] },
  { from: 'gen_ai.request.model' },
  {
    from: ['http.route', 'url.path', 'http.target'],
    match: '^([^?]+)',
    table: {},
    else: '',
  },
]
/** `hidden_params` is JSON in an attribute. */
const hidden = (name: string) => `"${name}": ?"([^"]+)"`
const isSaid = '^(?!None$)(.+)$'
const TARGET = [
  { from: ['signalbox.target', 'ai.backend'] },
  // A hash, which nobody would call a target by: only where it is listed.
  { from: 'model_id', table: {}, else: '' },
  { from: 'hidden_params', match: hidden('model_id'), table: {}, else: '' },
  { from: ['api_base', 'litellm.api_base'], match: isSaid },
  { from: 'hidden_params', match: hidden('api_base') },
  { from: ['server.address', 'litellm.provider.model', 'litellm_model_name'], match: isSaid },
]
const SPAN = {
  on: 'spans' as const,
  route: ROUTE,
  generation: { from: 'signalbox.generation' },
  request_id: { from: 'signalbox.request.id' },
  status_code: {
    from: ['http.response.status_code', 'http.status_code', 'error.code'],
    match: '^(\\d{3})$',
  },
  error_type: { from: ['error.type', 'exception.type'] },
}
const COUNTER = { on: 'metrics' as const, route: ROUTE, target: TARGET }
const counter = (name: string) => ({ name: [name, `${name}_total`] })

export const LITELLM: Profile = {
  on: 'spans',
  rules: [
    { ...SPAN, unit: 'attempt', target: TARGET, where: { name: 'litellm_request' } },
    {
      ...SPAN,
      unit: 'attempt',
      target: TARGET,
      where: { kind: 'client', 'litellm.call_id': { exists: true } },
    },
    { ...SPAN, unit: 'request', target: TARGET, where: { name: 'Received Proxy Server Request' } },
    {
      ...SPAN,
      unit: 'request',
      target: TARGET,
      where: { kind: 'server', name: { match: '^(?:POST|PUT) ' } },
    },
    {
      ...COUNTER,
      unit: 'attempt',
      where: counter('litellm_deployment_failure_responses'),
      status_code: { from: 'exception_status', match: '^(\\d{3})$' },
      error_type: { from: 'exception_class' },
      error: { name: { exists: true } },
    },
    {
      ...COUNTER,
      unit: 'attempt',
      where: counter('litellm_deployment_success_responses'),
      outcome: 'ok',
    },
    {
      ...COUNTER,
      unit: 'request',
      where: counter('litellm_proxy_total_requests_metric'),
      status_code: { from: 'status_code', match: '^(\\d{3})$' },
    },
  ],
}
