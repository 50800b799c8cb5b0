// The little arithmetic of the benchmarks.

/** The q-quantile of unsorted values, 0 for none. */
export function quantileOf(values: Iterable<number>, q: number): number {
  const sorted = Float64Array.from(values).sort()
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? 0
}

/** The middle value; the mean of the two middle ones of an even number. 0 for none. */
export function medianOf(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length / 2
  const [low = 0, high = 0] = [sorted[Math.ceil(middle) - 1], sorted[Math.floor(middle)]]
  return (low + high) / 2
}

export interface Point {
  readonly x: number
  readonly y: number
}

/** Growth of y per unit of x by least squares; 0 where there is nothing to fit. */
export function slopeOf(points: readonly Point[]): number {
  const meanOf = (key: 'x' | 'y') => points.reduce((sum, one) => sum + one[key], 0) / points.length
  const [meanX, meanY] = [meanOf('x'), meanOf('y')]
  const spread = points.reduce((sum, { x }) => sum + (x - meanX) ** 2, 0)
  if (!(spread > 0)) return 0
  return points.reduce((sum, { x, y }) => sum + (x - meanX) * (y - meanY), 0) / spread
}

/** To so many digits after the point. */
export function round(value: number, digits = 2): number {
  return Math.round(value * 10 ** digits) / 10 ** digits
}
