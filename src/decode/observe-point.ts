import type { FieldValue, Observation } from '../model/observation.ts'
import { createField, readTarget, sourceField } from './fields.ts'
import { toUnixMs } from './int64.ts'
import type { ObserveOptions } from './observe-log.ts'
import type { PointView } from './point-view.ts'
import type { ResourceFacts } from './resource.ts'

/** What is looked at of a data point. */
export interface ObservedPoint
  extends Pick<PointView, 'attributes' | 'startUnixNs' | 'unixNs' | 'value' | 'total'> {
  /** A number that tells the series of one sender apart; the same within a process or a back-test. */
  series(): number
  readonly metric: Pick<PointView['metric'], 'name' | 'unit'> & {
    readonly scope: { readonly resource: Pick<ResourceFacts, 'attributes' | 'serviceName'> }
  }
}

export function observePoint(
  point: ObservedPoint,
  { meanings, source }: ObserveOptions,
): Observation {
  const { value, metric, total } = point
  const scoped = { attributes: point.attributes, resource: metric.scope.resource.attributes }
  const builtIn = (key: string): FieldValue | undefined => {
    switch (key) {
      case 'metric':
      case 'name':
        return metric.name
      case 'value':
        return value
      case 'count':
      case 'sum':
        return total?.[key]
      case 'unit':
        return metric.unit || undefined
      case 'metric.series':
        return point.series()
      case 'service':
        return metric.scope.resource.serviceName || undefined
      case 'target':
        return readTarget(meanings.target, {
          ...scoped,
          isServerSpan: false,
          component: source.component,
        })
      default:
        return sourceField(source, key) ?? measuredField(point, key)
    }
  }
  const atUnixMs = toUnixMs(point.unixNs)
  return {
    unit: 'metric',
    atUnixMs,
    startUnixMs: point.startUnixNs === 0n ? atUnixMs : toUnixMs(point.startUnixNs),
    source,
    weight: 1,
    field: createField({ ...scoped, meanings, builtIn }),
  }
}

/**
 * What is measured may stand on the resource: the Kubernetes receivers put `k8s.deployment.name`
 * there, the Prometheus ones on the point. Rules name it once, without `resource.`.
 */
function measuredField({ attributes, metric }: ObservedPoint, key: string): FieldValue | undefined {
  return attributes.get(key) ?? metric.scope.resource.attributes.get(key)
}
