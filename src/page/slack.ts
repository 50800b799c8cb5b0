import type { Send } from '../lib/outcome.ts'
import type { Secret } from '../lib/secret.ts'
import type { Notice } from '../model/notice.ts'
import { post } from './http-post.ts'
import { truncate } from './truncate.ts'

// An incoming webhook cannot edit or thread, so each phase is one message. Severity is a word, never
// a colour alone. Slack takes 50 blocks, 3,000 characters per text and 2,000 per field.
const TEXT_MAX = 3_000
const FIELD_MAX = 2_000
const FIELDS_MAX = 10

export function createSlackReceiver({ url }: { readonly url: Secret }): Send<Notice> {
  return (notice, signal) =>
    post({
      url: url.reveal(),
      body: JSON.stringify(toMessage(notice)),
      signal,
      secrets: [url],
    })
}

function toMessage(notice: Notice) {
  const { headline, title, facts, links, incident, level, phase } = notice
  const about = `${incident.id} · ${level} · ${incident.severity} · ${phase}`
  const fields = facts
    .slice(0, FIELDS_MAX)
    .map((one) => mrkdwn(`*${escapeMarkup(one.name)}*\n${escapeMarkup(one.value)}`, FIELD_MAX))
  return {
    text: truncate(escapeMarkup(`${headline} ${title}`), TEXT_MAX),
    blocks: [
      section(`*${escapeMarkup(headline)}*`),
      section(`[${incident.severity}] ${escapeMarkup(title)}`),
      ...(fields.length > 0 ? [{ type: 'section', fields }] : []),
      ...(links.length > 0
        ? [section(links.map((one) => `<${one.href}|${escapeMarkup(one.text)}>`).join(' · '))]
        : []),
      { type: 'context', elements: [mrkdwn(escapeMarkup(about), TEXT_MAX)] },
    ],
  }
}

function section(text: string) {
  return { type: 'section', text: mrkdwn(text, TEXT_MAX) }
}

function mrkdwn(text: string, countMax: number) {
  return { type: 'mrkdwn', text: truncate(text, countMax) }
}

/** The three characters that Slack's markup asks to be escaped. */
function escapeMarkup(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;')
}
