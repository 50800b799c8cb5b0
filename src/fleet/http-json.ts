import type { IncomingMessage } from 'node:http'

/** The body; undefined when it is larger than allowed or was cut off. */
export async function readBytes(
  message: IncomingMessage,
  bytesMax: number,
): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let bytes = 0
  try {
    for await (const chunk of message as AsyncIterable<Buffer>) {
      bytes += chunk.length
      if (bytes > bytesMax) return undefined
      chunks.push(chunk)
    }
    return Buffer.concat(chunks)
  } catch {
    return undefined
  }
}

/** The body as JSON; undefined also when it is not JSON. */
export async function readJson<T>(
  message: IncomingMessage,
  bytesMax: number,
): Promise<T | undefined> {
  const body = await readBytes(message, bytesMax)
  try {
    return body && (JSON.parse(body.toString('utf8')) as T)
  } catch {
    return undefined
  }
}
