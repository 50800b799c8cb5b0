import { identityOf } from '../lib/identity.ts'
import { createListedView, quiet } from './attributes-view.ts'
import { numberAt } from './exemplars.ts'
import { halvesToNs } from './nanoseconds.ts'
import type { MetricHead, Point } from './point-table.ts'
import type { Privacy } from './privacy.ts'
import type { AttributesView } from './span-place.ts'
import type { Wire } from './wire.ts'

/** A data point as rules see it. */
export interface PointView {
  readonly metric: MetricHead
  readonly attributes: AttributesView
  /** 0 when not given. */
  readonly startUnixNs: bigint
  readonly unixNs: bigint
  /** A number, or the mean of a distribution. */
  readonly value: number
  /** Which series it is of, of resource, metric and attributes. */
  seriesKey(): string
  /** The same as a number. */
  series(): number
  /** Of distributions only. */
  readonly total: { readonly count: number; readonly sum: number } | undefined
}

const NO_RECORDED_VALUE = 1

/** Undefined for a point that says "nothing was recorded", and for an empty distribution. */
export function createPointView(options: {
  readonly wire: Wire
  readonly point: Point
  readonly metric: MetricHead
  readonly privacy: Privacy
}): PointView | undefined {
  const { wire, point, metric, privacy } = options
  const { scan, pairs, start, at } = point
  if ((scan.flags & NO_RECORDED_VALUE) !== 0) return undefined
  const isNumber = metric.kind === 'gauge' || metric.kind === 'sum'
  const total = isNumber ? undefined : totalAt(wire, point)
  const value = total ? total.sum / total.count : numberAt(wire, scan)
  if (isNumber ? scan.valueAt < 0 : total?.count === 0) return undefined
  const attributes = createListedView({ bytes: wire.bytes, pairs, privacy: quiet(privacy) })
  const times = { startUnixNs: halvesToNs(start), unixNs: halvesToNs(at) }
  const seriesKey = () => {
    const { resource } = metric.scope
    return `${metric.name}\0${JSON.stringify(resource.attributes.text)}\0${attributes.digest()}`
  }
  const series = () => identityOf(seriesKey())
  return { metric, attributes, ...times, value, total, seriesKey, series }
}

function totalAt({ view }: Wire, { scan }: Point) {
  return {
    count: scan.countAt < 0 ? 0 : Number(view.getBigUint64(scan.countAt, true)),
    sum: scan.sumAt < 0 ? 0 : view.getFloat64(scan.sumAt, true),
  }
}
