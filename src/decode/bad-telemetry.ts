/** A request that cannot be read, with the reason for its sender. Thrown and caught within decode. */
export class BadTelemetry extends Error {
  override readonly name = 'BadTelemetry'
}

/** The engine's own message quotes the text, which may hold what nobody else should read. */
export function toNotJson(fault: unknown): string {
  const at = fault instanceof Error ? /in JSON (at position \d+)/.exec(fault.message) : null
  return at?.[1] ? `not JSON ${at[1]}` : 'not JSON'
}
