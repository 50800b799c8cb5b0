/** One server-sent event. */
export interface StreamEvent {
  readonly event: string
  readonly data: string
}

const EVENT_CHARS_MAX = 4_194_304

/**
 * Splits the bytes of an event stream into events; comments, ids and retry hints are skipped.
 *
 * @throws Error when one event grows over 4 MB
 */
export async function* readEvents(bytes: AsyncIterable<Uint8Array>): AsyncGenerator<StreamEvent> {
  const decoder = new TextDecoder()
  let text = ''
  for await (const chunk of bytes) {
    text = (text + decoder.decode(chunk, { stream: true })).replace(/\r\n?/g, '\n')
    for (let end = text.indexOf('\n\n'); end >= 0; end = text.indexOf('\n\n')) {
      const event = parseEvent(text.slice(0, end))
      text = text.slice(end + 2)
      if (event) yield event
    }
    if (text.length > EVENT_CHARS_MAX) throw new Error('an event of the state stream is too long')
  }
}

function parseEvent(block: string): StreamEvent | undefined {
  let event = 'message'
  const data: string[] = []
  for (const line of block.split('\n')) {
    const [, field, value = ''] = /^([^:]+)(?:: ?(.*))?$/.exec(line) ?? []
    if (field === 'event') event = value
    if (field === 'data') data.push(value)
  }
  return data.length === 0 ? undefined : { event, data: data.join('\n') }
}
