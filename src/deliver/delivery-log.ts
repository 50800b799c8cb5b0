import type { DeliveryAttempt, DeliveryView } from '../model/delivery.ts'

const DELIVERIES_MAX = 1_000
const ATTEMPTS_MAX = 20

export type DeliveryState = DeliveryView['state']

/** The last 1,000 deliveries for people; the journal has the rest. */
export interface DeliveryLog {
  /** Adds a pending delivery, or opens the one of the same id again. */
  open(delivery: Omit<DeliveryView, 'state' | 'attempts'>): void
  setState(id: string, state: DeliveryState): void
  addAttempt(id: string, attempt: DeliveryAttempt): void
  get(id: string): DeliveryView | undefined
  /** Newest first. */
  list(): readonly DeliveryView[]
}

export function createDeliveryLog(): DeliveryLog {
  const deliveries = new Map<string, DeliveryView>()
  const change = (id: string, to: (own: DeliveryView) => DeliveryView) => {
    const own = deliveries.get(id)
    if (own) deliveries.set(id, to(own))
  }
  return {
    open(delivery) {
      const attempts = deliveries.get(delivery.id)?.attempts ?? []
      // Deleted first, so that it becomes the newest.
      deliveries.delete(delivery.id)
      deliveries.set(delivery.id, { ...delivery, state: 'pending', attempts })
      const [oldest] = deliveries.keys()
      if (deliveries.size > DELIVERIES_MAX && oldest !== undefined) deliveries.delete(oldest)
    },
    setState: (id, state) => change(id, (own) => ({ ...own, state })),
    addAttempt: (id, attempt) =>
      change(id, (own) => ({ ...own, attempts: [...own.attempts, attempt].slice(-ATTEMPTS_MAX) })),
    get: (id) => deliveries.get(id),
    list: () => [...deliveries.values()].reverse(),
  }
}
