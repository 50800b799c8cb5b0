import type { Query } from './query.ts'
import type { RequestScope } from './requests.ts'

export interface QualityFlagsRow {
  readonly name: string
  /** Of the target that served the request; '' when no ok attempt is known. */
  readonly role: string
  /** Requests that were checked, and those of them that were flagged. */
  readonly checked: number
  readonly flagged: number
}

/**
 * Flags by name and by who served, over requests that began in the range: k and n of
 * `quality_flagged`. A verdict may come long after its request; the newest of a name counts. Who
 * served is the role of the last ok attempt, since a verdict knows at most what was known then.
 */
export function qualityFlagsQuery(scope: RequestScope): Query {
  const { route, fromMs, toMs, deadlineMs } = scope
  return {
    id: 'quality_flags',
    params: {
      ...{ route, fromMs: Math.floor(fromMs), toMs: Math.floor(toMs) },
      marginMs: Math.ceil(deadlineMs),
    },
    sql: `
SELECT toString(name) AS name, role, toFloat64(count()) AS checked, toFloat64(countIf(isFlagged)) AS flagged
FROM (
  SELECT RequestId AS id, Name AS name, argMax(Flagged, Timestamp) = 1 AS isFlagged
  FROM signalbox_quality
  WHERE Flagged >= 0 AND Timestamp >= fromUnixTimestamp64Milli({fromMs:Int64}) AND RequestId IN (
    SELECT RequestId FROM signalbox_requests
    WHERE Route = {route:String} AND Timestamp >= fromUnixTimestamp64Milli({fromMs:Int64})
      AND Timestamp < fromUnixTimestamp64Milli({toMs:Int64}))
  GROUP BY id, name
) AS verdicts
LEFT JOIN (
  SELECT RequestId AS id, toString(argMax(Role, EndTime)) AS role FROM signalbox_attempts
  WHERE Route = {route:String} AND Outcome = 'ok'
    AND Timestamp >= fromUnixTimestamp64Milli({fromMs:Int64} - {marginMs:Int64})
    AND Timestamp < fromUnixTimestamp64Milli({toMs:Int64} + {marginMs:Int64})
    AND RequestId IN (SELECT RequestId FROM signalbox_quality
      WHERE Timestamp >= fromUnixTimestamp64Milli({fromMs:Int64}))
  GROUP BY id
) AS served ON served.id = verdicts.id
GROUP BY name, role ORDER BY name, role`,
  }
}
