/** A route's rows of [fromMs, toMs), by whichever time the query names. */
export interface Range {
  readonly route: string
  readonly fromMs: number
  readonly toMs: number
}

/** Parameters of a range, whole milliseconds. */
export function rangeParams({ route, fromMs, toMs }: Range) {
  return { route, fromMs: Math.floor(fromMs), toMs: Math.floor(toMs) }
}

/** `column` lies in the range of `rangeParams`. */
export function within(column: string): string {
  return `${column} >= fromUnixTimestamp64Milli({fromMs:Int64}) AND ${column} < fromUnixTimestamp64Milli({toMs:Int64})`
}
