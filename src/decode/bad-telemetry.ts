/** A request that cannot be read, with the reason for its sender. Thrown and caught within decode. */
export class BadTelemetry extends Error {
  override readonly name = 'BadTelemetry'
}
