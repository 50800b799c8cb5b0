import { poisson, poissonRange } from '../lib/poisson.ts'
import { createDraws } from '../lib/random.ts'
import { type Entry, heldChance, isFirst, type Noise } from './excursion-walk.ts'

const DAY_S = 86_400
/** Samples of entries; 2 % of error where one in two counts. */
const SAMPLES_MAX = 3_000
const STEPS_MAX = 300_000
const SAMPLES_MIN = 100
/** Rarer than once in 270 years: not worth sampling. */
const NEVER_A_DAY = 1e-5

/**
 * How often a day the window begins to trip by chance, looked at at every arrival and whenever one
 * leaves it; and again within a window of the last time counts as the same.
 *
 * The rate of entries is exact: an arrival sees the stationary counts (PASTA), and in reversed time
 * departures are arrivals. Which of them are the first of their window, and which hold, is sampled
 * from a fixed seed; a hold that chance hardly ever keeps is sampled under streams that keep it, and
 * weighted back (importance sampling). So the same question has the same answer, to a few per cent,
 * with a hold to about a tenth.
 */
export function excursionsPerDay(noise: Noise): number {
  const entries = entriesOf(noise)
  const perS = entries.reduce((sum, { rate }) => sum + rate, 0)
  if (perS * DAY_S < NEVER_A_DAY) return perS * DAY_S
  const { badPerS, goodPerS, windowS, holdS } = noise
  const steps = (badPerS + goodPerS) * (2 * windowS + holdS)
  const samples = Math.min(SAMPLES_MAX, Math.max(SAMPLES_MIN, Math.floor(STEPS_MAX / steps)))
  const draw = createDraws(1)
  let sum = 0
  let index = 0
  let passed = entries[0]?.rate ?? 0
  // Evenly over all entries by their rate, so that each kind has its share of the samples.
  for (let sample = 0; sample < samples; sample++) {
    const at = ((sample + draw()) / samples) * perS
    while (passed < at && index < entries.length - 1) passed += entries[++index]?.rate ?? 0
    const entry = entries[index] as Entry
    if (isFirst({ noise, entry, draw })) sum += heldChance({ noise, entry, draw })
  }
  return (perS * DAY_S * sum) / samples
}

/** All ways into the tripping counts: a bad one comes, a good one makes the number, a good one leaves. */
function entriesOf({ badPerS, goodPerS, windowS, badMin }: Noise): readonly Entry[] {
  const found: Entry[] = []
  const chanceOfBad = (bad: number) => poisson(bad, badPerS * windowS)
  const { from, to } = poissonRange(goodPerS * windowS)
  const last = goodPerS === 0 ? 0 : to
  for (let good = from; good <= last; good++) {
    const chance = poisson(good, goodPerS * windowS)
    const least = badMin(good)
    found.push({
      ...{ bad: least - 1, good, came: 'bad' },
      rate: badPerS * chance * chanceOfBad(least - 1),
    })
    if (goodPerS === 0) continue
    const next = badMin(good + 1)
    for (let bad = next; bad < least; bad++)
      found.push({ bad, good, came: 'good', rate: goodPerS * chance * chanceOfBad(bad) })
    for (let bad = least; bad < next; bad++)
      found.push({ bad, good, came: undefined, rate: goodPerS * chance * chanceOfBad(bad) })
  }
  return found
}
