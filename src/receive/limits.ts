/** What one door takes at once, the same for both transports. */
export interface ReceiveLimits {
  /** Of one body, inflated or not; the specification recommends 64 MiB. */
  readonly bodyBytesMax: number
  /** Requests open at once. At the limit slow ones give way; then new ones are told to come again. */
  readonly requestsMax: number
  /** Of all open bodies together, inflated ones too. */
  readonly memoryBytesMax: number
  /** At the limit the connection that has been idle longest gives way. */
  readonly connectionsMax: number
  /** For a request to arrive in full. */
  readonly receiveMsMax: number
  /** For the pipeline to take it: exporters give up after 10 s. */
  readonly handleMsMax: number
  /** For open requests to finish when stopping. */
  readonly stopMsMax: number
}

export const RECEIVE_LIMITS: ReceiveLimits = {
  bodyBytesMax: 64 * 2 ** 20,
  requestsMax: 512,
  memoryBytesMax: 512 * 2 ** 20,
  connectionsMax: 4_096,
  receiveMsMax: 30_000,
  handleMsMax: 8_000,
  stopMsMax: 3_000,
}
