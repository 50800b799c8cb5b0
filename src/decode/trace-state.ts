const SAMPLED = /(?:^|,)\s*ot=(?:[^,]*;)?th:([0-9a-f]{1,14})(?:[;,]|$)/
const ALL = 2 ** 56

/**
 * How many spans one sampled span stands for: 2^56 / (2^56 − th), with th the rejection threshold
 * of `ot=th:` (hex, trailing zeros left out); 1 when the trace state declares no sampling.
 * @see OpenTelemetry, TraceState: Probability Sampling
 */
export function weightOf(traceState: string): number {
  if (traceState === '') return 1
  const threshold = SAMPLED.exec(traceState)?.[1]
  if (threshold === undefined) return 1
  return ALL / (ALL - Number.parseInt(threshold.padEnd(14, '0'), 16))
}
