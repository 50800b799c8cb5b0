import type { Observation } from '../model/observation.ts'

/** Observations that have yet to happen, by sender and by the export that will carry them. */
export interface Calendar {
  add(sender: string, observation: Observation): void
  /** Those of the export that begins at `fromUnixMs`, in order of time; asked for once each. */
  take(sender: string, fromUnixMs: number): readonly Observation[]
}

export function createCalendar(everyMs: number): Calendar {
  const senders = new Map<string, Map<number, Observation[]>>()
  const slotsOf = (sender: string) => {
    const known = senders.get(sender)
    if (known) return known
    const slots = new Map<number, Observation[]>()
    senders.set(sender, slots)
    return slots
  }
  return {
    add(sender, observation) {
      const slots = slotsOf(sender)
      const slot = Math.floor(observation.atUnixMs / everyMs)
      const due = slots.get(slot)
      if (due) due.push(observation)
      else slots.set(slot, [observation])
    },
    take(sender, fromUnixMs) {
      const slots = slotsOf(sender)
      const slot = Math.floor(fromUnixMs / everyMs)
      const due = slots.get(slot) ?? []
      slots.delete(slot)
      return due.sort((a, b) => a.atUnixMs - b.atUnixMs)
    },
  }
}
