import type { MuteWindow } from '../config/oncall.ts'
import type { Clock } from '../lib/clock.ts'
import type { Stage } from './chain.ts'
import type { HoldBack } from './silenced.ts'

export interface MutedOptions {
  readonly windows: readonly MuteWindow[]
  readonly clock: Clock
  readonly holdBack: HoldBack
}

/** Stops pages during the file's mute windows. What is still open afterwards is told then. */
export function muted({ windows, clock, holdBack }: MutedOptions): Stage {
  return async (notice) => {
    if (notice.phase === 'acknowledged' || notice.phase === 'resolved') return notice
    const nowMs = clock.nowMs()
    const window = windows.find(
      (one) => isWithin(one, nowMs) && one.match((key) => notice.labels[key]),
    )
    if (!window) return notice
    holdBack(notice, `muted${window.reason === '' ? '' : `: ${window.reason}`}`)
    return undefined
  }
}

const DAYS = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat']

/** Whether the window is open at an instant; a daily one may go on past midnight. */
function isWithin(window: MuteWindow, nowMs: number): boolean {
  if ('fromUnixMs' in window) return nowMs >= window.fromUnixMs && nowMs < window.untilUnixMs
  const { day, minute } = localTime(nowMs, window.timeZone)
  const { days, fromMinute, untilMinute } = window
  const today = days.includes(DAYS[day] ?? '')
  if (fromMinute < untilMinute) return today && minute >= fromMinute && minute < untilMinute
  const yesterday = days.includes(DAYS[(day + 6) % 7] ?? '')
  return (today && minute >= fromMinute) || (yesterday && minute < untilMinute)
}

function localTime(nowMs: number, timeZone: string) {
  const parts = new Intl.DateTimeFormat('en-US', {
    timeZone,
    weekday: 'short',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).formatToParts(nowMs)
  const read = (type: string) => parts.find((part) => part.type === type)?.value ?? ''
  const day = DAYS.indexOf(read('weekday').toLowerCase())
  return { day, minute: Number(read('hour')) * 60 + Number(read('minute')) }
}
