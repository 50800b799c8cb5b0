import type { BacktestResult, BacktestRule, Difference, Trip } from '../model/backtest.ts'

const TRIPS_SHOWN_MAX = 50

/** For people: what each rule did, beside what happened. */
export function renderBacktest(result: BacktestResult): string {
  const { from, to, rules, notes, observations, took_s, rule_set } = result
  const whose = rule_set === 'given' ? 'the given rules' : 'the rules in force'
  const head =
    `${whose} on what was received from ${from} to ${to}\n` +
    `(${observations} observations in ${took_s} s; windows were filled from ${result.warm_up_from})\n`
  const busy = rules.filter((rule) => rule.trips.length > 0 || isDifferent(rule))
  const quiet = rules.length - busy.length
  const parts = [
    head,
    ...busy.map(renderRule),
    ...(quiet > 0
      ? [`${quiet} ${quiet === 1 ? 'rule' : 'rules'} did not trip, then or now\n`]
      : []),
    notes.map((note) => `note: ${note}\n`).join(''),
  ]
  return parts.join('\n')
}

function isDifferent({ against_live: live, against_in_force: inForce }: BacktestRule): boolean {
  return live.missing.length > 0 || (inForce?.missing.length ?? 0) > 0
}

function renderRule(rule: BacktestRule): string {
  const lines = [
    `${rule.rule}: ${rule.trips.length} ${rule.trips.length === 1 ? 'trip' : 'trips'} (${rule.trips_per_30d} in 30 days)`,
    `  against what happened: ${rule.against_live.summary}`,
    ...(rule.against_in_force
      ? [`  against the rules in force: ${rule.against_in_force.summary}`]
      : []),
    ...tripsOf(rule.against_in_force ?? rule.against_live),
  ]
  return `${lines.join('\n')}\n`
}

function tripsOf({ matched, extra, missing }: Difference): readonly string[] {
  const lines = [
    ...matched.map((trip) => ({ trip, text: `${times(trip)}  was ${times(trip.reference)}` })),
    ...extra.map((trip) => ({ trip, text: `${times(trip)}  more` })),
    ...missing.map((trip) => ({ trip, text: `${times(trip)}  no longer` })),
  ].sort((a, b) => (a.trip.fired_at < b.trip.fired_at ? -1 : 1))
  const shown = lines.slice(0, TRIPS_SHOWN_MAX).map(({ trip, text }) => {
    const by = Object.values(trip.by).join(' ')
    return `    ${text}${by && `  ${by}`}`
  })
  const more = lines.length - shown.length
  return more > 0 ? [...shown, `    … and ${more} more (--json has all)`] : shown
}

function times({ fired_at, cleared_at }: Trip): string {
  return `${short(fired_at)} to ${cleared_at === null ? 'the end' : short(cleared_at)}`
}

const short = (time: string) => time.slice(0, 23).replace('T', ' ')
