/** `12 s`, `3 min 20 s`, `2 h 5 min`: how long ago, or how long. */
export function formatAge(ms: number): string {
  const s = Math.max(0, Math.round(ms / 1_000))
  if (s < 60) return `${s} s`
  const min = Math.floor(s / 60)
  if (min < 60) return s % 60 === 0 ? `${min} min` : `${min} min ${s % 60} s`
  const h = Math.floor(min / 60)
  if (h < 48) return min % 60 === 0 ? `${h} h` : `${h} h ${min % 60} min`
  return `${Math.floor(h / 24)} d`
}

export function formatPercent(share: number | null): string {
  if (share === null) return '–'
  const percent = share * 100
  return `${percent >= 10 || percent === 0 ? percent.toFixed(0) : percent.toFixed(1)} %`
}

/** A rule's value beside its limit; durations and ratios are told apart by kind. */
export function formatValue(value: unknown, kind: string): string {
  if (value === null || value === undefined) return '–'
  if (typeof value !== 'number') return String(value)
  if (kind === 'ratio') return formatPercent(value)
  if (kind === 'inflight' || kind === 'silence') return formatAge(value)
  return Number.isInteger(value) ? String(value) : value.toPrecision(3)
}

export function formatClock(ms: number): string {
  return new Date(ms).toISOString().slice(11, 19)
}
