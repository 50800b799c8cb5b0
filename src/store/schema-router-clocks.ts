/** The clock of a router at each of its statuses, unix ms; 0 when it did not say, or before this. */
export const ADD_ROUTER_CLOCKS: readonly string[] = [
  'ALTER TABLE signalbox_router_statuses ADD COLUMN IF NOT EXISTS ClockMs Float64 CODEC(ZSTD(1))',
]
