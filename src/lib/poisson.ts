/** Chance of exactly `count` events where `mean` are expected; exact to about 1e-10 of it. */
export function poisson(count: number, mean: number): number {
  if (count < 0) return 0
  if (mean === 0) return count === 0 ? 1 : 0
  return Math.exp(count * Math.log(mean) - mean - logFactorial(count))
}

/** Counts outside of these are as good as never seen (nine standard deviations, and small means). */
export function poissonRange(mean: number): { readonly from: number; readonly to: number } {
  const reach = 9 * Math.sqrt(mean) + 20
  return { from: Math.max(0, Math.floor(mean - reach)), to: Math.ceil(mean + reach) }
}

/** The gap between two events of a stream of one a unit of time. */
export const drawGap = (draw: () => number) => -Math.log(1 - draw())

/** Stirling's series from 16 on, where its error is under 1e-12. */
function logFactorial(count: number): number {
  if (count < 16) {
    let product = 1
    for (let factor = 2; factor <= count; factor++) product *= factor
    return Math.log(product)
  }
  const inverse = 1 / count
  return (
    (count + 0.5) * Math.log(count) -
    count +
    0.5 * Math.log(2 * Math.PI) +
    inverse / 12 -
    inverse ** 3 / 360
  )
}
