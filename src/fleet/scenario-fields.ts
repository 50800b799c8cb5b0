import type { FieldValue } from '../model/observation.ts'
import { type Asked, type Tried, traceIdOf, type WorkerSpan } from './scenario-asked.ts'

// What rules may read of spans, by the keys of CONTRACT.md §3 and §5: as decoded spans answer.

export function readServed(tried: Tried, key: string, name: string): FieldValue | undefined {
  const { asked } = tried
  switch (key) {
    case 'outcome':
      return tried.outcome
    case 'role':
    case 'target':
      return tried.target === '' ? undefined : tried[key]
    case 'generation':
      return tried.generation
    case 'cost':
      return tried.cost || undefined
    case 'router':
      return asked.router.id
    case 'duration':
      return tried.endUnixMs - tried.startUnixMs
    case 'error.type':
      return tried.failure?.errorType
    case 'http.response.status_code':
      return tried.statusCode || undefined
    case 'status':
      return tried.outcome === 'failed' ? 'error' : 'unset'
    case 'status_message':
      return tried.failure?.errorType
    case 'name':
      return name
    case 'kind':
      return name === 'render' ? 'client' : 'server'
    case 'service':
      return 'image-router'
    default:
      return readAsked(asked, key)
  }
}

function readAsked(asked: Asked, key: string): FieldValue | undefined {
  switch (key) {
    case 'route':
    case 'class':
    case 'model':
    case 'variant':
    case 'region':
    case 'tenant':
    case 'tier':
    case 'session':
    case 'images':
      return asked[key]
    case 'request_id':
      return traceIdOf(asked)
    // No convention names it; it is told under the words that people use.
    case 'lora':
    case 'signalbox.lora':
      return asked.lora || undefined
    case 'gen_ai.usage.input_tokens':
      return asked.promptTokens
    default:
      return undefined
  }
}

export function readStage(span: WorkerSpan, key: string): FieldValue | undefined {
  const { tried, worker, failure } = span
  switch (key) {
    case 'worker':
      return worker.id
    case 'resource.signalbox.component':
      return 'worker'
    case 'stage':
    case 'signalbox.stage':
    case 'name':
      return span.stage
    case 'duration':
      return span.endUnixMs - span.startUnixMs
    case 'status':
      return failure ? 'error' : 'ok'
    case 'status_message':
    case 'exception.message':
      return failure?.exception?.message
    case 'exception.type':
      return failure?.exception?.type
    case 'event':
      return failure?.exception ? 'exception' : undefined
    case 'error.type':
      return failure?.exception?.type
    case 'kind':
      return 'internal'
    case 'service':
      return 'sd-worker'
    case 'target':
      return tried.target
    case 'gpu':
      return '0'
    default:
      return readAsked(tried.asked, key)
  }
}
