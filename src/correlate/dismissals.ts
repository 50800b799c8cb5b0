import type { Transition } from '../model/route.ts'
import type { Verdict } from '../model/verdict.ts'
import type { IncidentBook } from './book.ts'
import type { IncidentRecord } from './record.ts'
import { ruleKeyOf } from './verdicts.ts'

/** A person closed an incident while its breach went on: that very breach opens no new one. */
export interface Dismissals {
  /** Told of every closed incident. */
  closed(record: IncidentRecord): void
  moved(transition: Transition): void
  hasVerdict(verdict: Verdict): boolean
  hasRoute(route: string): boolean
}

export function createDismissals(book: IncidentBook): Dismissals {
  /** Until they have been on their primary again. */
  const routes = new Set<string>()
  const closed = ({ route, scope, dismissed }: IncidentRecord) => {
    if (route !== undefined && dismissed.includes(scope)) routes.add(route)
  }
  book.all().forEach(closed)
  return {
    closed,
    moved({ route, from, to }) {
      if (from === 'primary' || to === 'primary') routes.delete(route)
    },
    // A breach that began later is a new one, so nothing has to be cleared when the rule is ok.
    hasVerdict(verdict) {
      const key = ruleKeyOf(verdict)
      return book
        .all()
        .some(
          ({ dismissed, resolvedUnixMs = 0 }) =>
            dismissed.includes(key) && verdict.sinceUnixMs <= resolvedUnixMs,
        )
    },
    hasRoute: (route) => routes.has(route),
  }
}
