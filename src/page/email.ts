import { createTransport } from 'nodemailer'
import { OK, type Outcome, type Send } from '../lib/outcome.ts'
import { type Secret, scrub } from '../lib/secret.ts'
import type { Notice } from '../model/notice.ts'
import { truncate } from './truncate.ts'

// Mail is slow and threads by its headers: all mails of an incident refer to one made-up first
// message, so that clients show them together. For L2 and summaries, hardly for waking people.
const SUBJECT_MAX = 200
const SOCKET_MS = 5_000

export interface EmailOptions {
  /** `smtp://user:password@host:port`, `smtps://…`. */
  readonly smtp: Secret
  readonly from: string
  readonly to: readonly string[]
}

export function createEmailReceiver({ smtp, from, to }: EmailOptions): Send<Notice> {
  return async (notice, signal) => {
    const transport = createTransport({
      url: smtp.reveal(),
      connectionTimeout: SOCKET_MS,
      greetingTimeout: SOCKET_MS,
      socketTimeout: SOCKET_MS,
    })
    const onAbort = () => transport.close()
    signal.addEventListener('abort', onAbort, { once: true })
    try {
      await transport.sendMail({ from, to: [...to], ...toMail(notice) })
      return OK
    } catch (fault) {
      return outcomeOf(fault, secretsOf(smtp))
    } finally {
      signal.removeEventListener('abort', onAbort)
      transport.close()
    }
  }
}

function toMail(notice: Notice) {
  const { incident, headline, title, facts, links } = notice
  const lines = [
    headline,
    '',
    title,
    '',
    ...facts.map((one) => `${one.name}: ${one.value}`),
    '',
    ...links.map((one) => `${one.text}: ${one.href}`),
    '',
    `${incident.id} · ${notice.level} · ${notice.phase}`,
  ]
  const isUrgent = incident.severity === 'critical' && notice.phase !== 'resolved'
  return {
    subject: truncate(
      `[${incident.severity}] ${notice.phase}: ${headline} ${title}`.replace(/\s+/g, ' '),
      SUBJECT_MAX,
    ),
    text: lines.join('\n'),
    messageId: `<${notice.id}@signalbox>`,
    references: `<${notice.dedupKey}@signalbox>`,
    date: new Date(notice.atUnixMs),
    headers: { 'X-Priority': isUrgent ? '1' : '3' },
  }
}

/** SMTP: 4xx later, 5xx never; a connection that failed may work later. */
function outcomeOf(fault: unknown, secrets: readonly Secret[]): Outcome {
  const { responseCode, code, message } = fault as {
    responseCode?: number
    code?: string
    message?: string
  }
  const reason = truncate(scrub(`${code ?? 'SMTP'}: ${message ?? 'failed'}`, secrets), 200)
  const isFinal = responseCode !== undefined && responseCode >= 500
  return { status: isFinal ? 'reject' : 'retry', reason }
}

function secretsOf(smtp: Secret): Secret[] {
  const { password } = new URL(smtp.reveal())
  const parts = [password, decodeURIComponent(password)].filter((one) => one !== '')
  return [smtp, ...parts.map((text) => ({ reveal: () => text }))]
}
