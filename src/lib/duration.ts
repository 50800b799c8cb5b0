const UNIT_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const
const PATTERN = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/

/** Milliseconds of `250ms`, `90s`, `5m`, `1h`, `7d`; undefined for anything else. */
export function parseDurationMs(text: string): number | undefined {
  const match = PATTERN.exec(text)
  if (!match) return undefined
  return Number(match[1]) * UNIT_MS[match[2] as keyof typeof UNIT_MS]
}

/** The shortest exact way to write a duration: 90000 → `90s`, 300000 → `5m`, 7500 → `7.5s`. */
export function formatDurationMs(ms: number): string {
  if (ms === 0) return '0s'
  const whole = (['d', 'h', 'm', 's'] as const).find(
    (unit) => ms % UNIT_MS[unit] === 0 && ms / UNIT_MS[unit] >= 1,
  )
  // 90 s reads better than 1.5 m, and is how rules are written.
  if (whole) return `${ms / UNIT_MS[whole]}${whole}`
  return ms >= 1_000 ? `${Number((ms / 1_000).toFixed(3))}s` : `${Number(ms.toFixed(3))}ms`
}
