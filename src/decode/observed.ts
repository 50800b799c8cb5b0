import type { Observation } from '../model/observation.ts'
import { ObservationColumns } from '../model/observation-columns.ts'

/** What a request of spans becomes for whoever looks, and beside it in columns. */
export class Observed {
  all: Observation[] = []
  /** Of one request after the other. */
  readonly columns = new ObservationColumns()

  begin(): void {
    this.all = []
    this.columns.clear()
  }

  push(observation: Observation): void {
    this.all.push(observation)
    this.columns.push(observation)
  }
}
