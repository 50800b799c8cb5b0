import { drawGap } from '../lib/poisson.ts'

/** Two independent Poisson streams seen through a sliding window, and the counts at which it trips. */
export interface Noise {
  readonly badPerS: number
  readonly goodPerS: number
  readonly windowS: number
  /** How long it must be tripping without a break. */
  readonly holdS: number
  /** The least bad ones at which it trips beside so many good ones; at least 1. */
  badMin(good: number): number
}

/** One way in which a window begins to trip, at time 0. */
export interface Entry {
  /** Stand in the window beside the one that comes. */
  readonly bad: number
  readonly good: number
  /** What comes at that moment; undefined when a good one leaves. */
  readonly came: 'bad' | 'good' | undefined
  /** How often, per second. */
  readonly rate: number
}

interface Walk {
  readonly noise: Noise
  readonly entry: Entry
  draw(): number
}

interface Arrival {
  readonly atS: number
  readonly isBad: boolean
}

/**
 * Whether the window did not trip before, as far back as it reaches. It goes back from the entry, since
 * near it a window that tripped before mostly did so: then what lies further back is never drawn. On
 * the way back what stands in the window is taken out, and what had left it, a Poisson stream, put in.
 */
export function isFirst({ noise, entry, draw }: Walk): boolean {
  const { badPerS, goodPerS, windowS, badMin } = noise
  const perS = badPerS + goodPerS
  let badInside = entry.bad
  let inside = entry.bad + entry.good
  let bad = entry.bad
  let good = entry.good + (entry.came === undefined ? 1 : 0)
  // Given how many there are, they lie anywhere in the window alike: the next one is the least of them.
  const further = (fromS: number) =>
    inside === 0 ? windowS : fromS + (windowS - fromS) * (1 - draw() ** (1 / inside))
  let cameS = further(0)
  let leftS = drawGap(draw) / perS
  while (Math.min(cameS, leftS) < windowS) {
    if (cameS < leftS) {
      if (draw() * inside < badInside) {
        badInside--
        bad--
      } else good--
      inside--
      cameS = further(cameS)
    } else {
      if (draw() * perS < badPerS) bad++
      else good++
      leftS += drawGap(draw) / perS
    }
    if (bad >= badMin(good)) return false
  }
  return true
}

/**
 * The chance that it trips without a break for the hold: 0 or 1 without one, else one sample of it,
 * weighted. Of what comes, as much is bad as keeps the window just tripping; each path counts as
 * often as chance gives it, by how much less.
 */
export function heldChance({ noise, entry, draw }: Walk): number {
  const { badPerS, goodPerS, windowS, holdS } = noise
  if (holdS === 0) return 1
  const inside = insideOf({ noise, entry, draw })
  const now = entry.came === undefined ? [] : [{ atS: 0, isBad: entry.came === 'bad' }]
  const held = heldRates(noise)
  const coming = arrivalsIn({ ...held, holdS, draw })
  const counts = countsOf([...inside, ...now])
  const leaving = [...inside, ...now, ...coming].map(leavesAfter(windowS))
  for (const event of [...leaving, ...coming.map(comes)].sort(byTime)) {
    if (event.atS > holdS) break
    if (counts.take(event) < noise.badMin(counts.good())) return 0
  }
  const bad = coming.filter(({ isBad }) => isBad).length
  const good = coming.length - bad
  const more = held.badPerS + held.goodPerS - badPerS - goodPerS
  const weight = (count: number, real: number, drawn: number) =>
    count === 0 ? 0 : count * Math.log(real / drawn)
  return Math.exp(
    more * holdS + weight(bad, badPerS, held.badPerS) + weight(good, goodPerS, held.goodPerS),
  )
}

/** Streams of the same volume under which a window stands where it begins to trip. */
function heldRates({ badPerS, goodPerS, windowS, badMin }: Noise) {
  const all = badPerS + goodPerS
  if (goodPerS === 0) return { badPerS: Math.max(badPerS, badMin(0) / windowS), goodPerS: 0 }
  let bad = Math.floor(badPerS * windowS)
  while (bad < all * windowS && bad < badMin(Math.max(0, Math.round(all * windowS - bad)))) bad++
  const heldBadPerS = Math.min(Math.max(bad / windowS, badPerS), all * 0.999)
  return { badPerS: heldBadPerS, goodPerS: all - heldBadPerS }
}

/** Given how many there are, the arrivals of a Poisson stream lie anywhere in the window alike. */
function insideOf({ noise: { windowS }, entry: { bad, good }, draw }: Walk): readonly Arrival[] {
  return Array.from({ length: bad + good }, (_, index) => ({
    atS: -windowS * draw(),
    isBad: index < bad,
  }))
}

interface Streams {
  readonly badPerS: number
  readonly goodPerS: number
  readonly holdS: number
  draw(): number
}

function arrivalsIn({ badPerS, goodPerS, holdS, draw }: Streams): readonly Arrival[] {
  const all = badPerS + goodPerS
  const found: Arrival[] = []
  for (let atS = drawGap(draw) / all; atS < holdS; atS += drawGap(draw) / all)
    found.push({ atS, isBad: draw() * all < badPerS })
  return found
}

interface Event extends Arrival {
  readonly by: 1 | -1
}

const comes = (one: Arrival): Event => ({ ...one, by: 1 })
const leavesAfter =
  (windowS: number) =>
  ({ atS, isBad }: Arrival): Event => ({ atS: atS + windowS, isBad, by: -1 })
const byTime = (a: Event, b: Event) => a.atS - b.atS

function countsOf(arrivals: readonly Arrival[]) {
  let bad = arrivals.filter(({ isBad }) => isBad).length
  let good = arrivals.length - bad
  return {
    good: () => good,
    /** Takes what comes or leaves; the bad ones then. */
    take({ isBad, by }: Event): number {
      if (isBad) bad += by
      else good += by
      return bad
    },
  }
}
