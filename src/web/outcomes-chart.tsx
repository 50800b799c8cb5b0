import { useEffect, useRef } from 'preact/hooks'
import uPlot from 'uplot'
import 'uplot/dist/uPlot.min.css'
import type { OutcomeBin } from '../model/incident.ts'
import { formatClock } from './format.ts'

// Okabe-Ito colours: told apart by people with any colour vision, in light and dark.
const SERIES = [
  { key: 'primary', label: 'ok by primary', colour: '#0072b2' },
  { key: 'fallback', label: 'ok by fallback', colour: '#e69f00' },
  { key: 'other', label: 'ok elsewhere', colour: '#8a8f98' },
  { key: 'failed', label: 'failed', colour: '#d55e00' },
] as const
const HEIGHT_PX = 190
const SPAN_S = 300

interface OutcomesChartProps {
  readonly bins: readonly OutcomeBin[]
  readonly title: string
}

/** Outcomes per second, stacked, over the last five minutes. */
export function OutcomesChart({ bins, title }: OutcomesChartProps) {
  const box = useRef<HTMLDivElement>(null)
  const plot = useRef<uPlot>(undefined)
  useEffect(() => {
    const element = box.current
    if (!element) return
    const chart = new uPlot(
      optionsOf(element),
      [[], ...SERIES.map(() => [])] as uPlot.AlignedData,
      element,
    )
    plot.current = chart
    const observer = new ResizeObserver(() =>
      chart.setSize({ width: element.clientWidth, height: HEIGHT_PX }),
    )
    observer.observe(element)
    return () => {
      observer.disconnect()
      chart.destroy()
    }
  }, [])
  useEffect(() => plot.current?.setData(stack(bins)), [bins])
  const last = bins.at(-2)
  return (
    <figure class="chart">
      <div ref={box} role="img" aria-label={title} />
      <figcaption>
        {SERIES.map(({ key, label, colour }) => (
          <span key={key}>
            <i style={{ background: colour }} />
            {label} {last ? last[key].toFixed(0) : '–'}/s
          </span>
        ))}
      </figcaption>
    </figure>
  )
}

/** uPlot draws lines from zero; a stack is drawn as running sums, the whole first. */
function stack(bins: readonly OutcomeBin[]): uPlot.AlignedData {
  // The newest bin is still filling: drawn, it would look like a drop.
  const whole = bins.slice(0, -1)
  const sums = SERIES.map((_, index) =>
    whole.map((bin) => SERIES.slice(0, index + 1).reduce((sum, { key }) => sum + bin[key], 0)),
  )
  return [whole.map((bin) => bin.at_s), ...sums.reverse()] as uPlot.AlignedData
}

const formatSecond = (seconds: number) => formatClock(seconds * 1_000)

function optionsOf(element: HTMLElement): uPlot.Options {
  const style = getComputedStyle(element)
  const grid = { stroke: style.getPropertyValue('--line'), width: 1 }
  const axis = {
    stroke: style.getPropertyValue('--muted'),
    grid,
    ticks: grid,
    font: '11px system-ui',
  }
  return {
    width: element.clientWidth || 600,
    height: HEIGHT_PX,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1_000), 'Etc/UTC'),
    cursor: { show: false },
    legend: { show: false },
    scales: {
      x: { range: (_plot, _min, max) => [(max ?? SPAN_S) - SPAN_S, max ?? SPAN_S] },
      y: { range: (_plot, _min, max) => [0, Math.max(1, max * 1.1)] },
    },
    axes: [
      { ...axis, values: (_plot, splits) => splits.map(formatSecond) },
      { ...axis, size: 44 },
    ],
    series: [
      {},
      ...[...SERIES].reverse().map(({ label, colour }) => ({
        label,
        stroke: colour,
        fill: colour,
        width: 0,
        points: { show: false },
      })),
    ],
  }
}
