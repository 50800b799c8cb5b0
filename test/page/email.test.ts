import type { AddressInfo } from 'node:net'
import { createServer, type Socket } from 'node:net'
import { expect, test } from 'vitest'
import { createSecret } from '../../src/lib/secret.ts'
import { createEmailReceiver } from '../../src/page/email.ts'
import { noticeOf } from './fakes.ts'

/** Just enough SMTP: takes one mail, or refuses it with `refusal`. */
async function startSmtpServer(refusal?: string) {
  const mails: string[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket)
    let isData = false
    let mail = ''
    socket.write('220 test\r\n')
    socket.on('error', () => {})
    socket.on('data', (chunk) => {
      const text = chunk.toString()
      if (isData) {
        mail += text
        if (!mail.endsWith('\r\n.\r\n')) return
        mails.push(mail)
        isData = false
        socket.write('250 taken\r\n')
        return
      }
      const verb = text.slice(0, 4).toUpperCase()
      if (verb === 'MAIL' && refusal) socket.write(`${refusal}\r\n`)
      else if (verb === 'DATA') {
        isData = true
        socket.write('354 go\r\n')
      } else if (verb === 'QUIT') socket.end('221 bye\r\n')
      else socket.write('250 ok\r\n')
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    mails,
    send: createEmailReceiver({
      smtp: createSecret(`smtp://127.0.0.1:${port}/?ignoreTLS=true`),
      from: 'signalbox@example.com',
      to: ['l2@example.com'],
    }),
    close() {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}
const signal = new AbortController().signal

test('a mail says first what was done, and threads by the incident', async () => {
  const server = await startSmtpServer()
  expect(await server.send(noticeOf(), signal)).toEqual({ status: 'ok' })
  server.close()
  const mail = server.mails[0]?.replace(/=\r\n/g, '') ?? ''
  expect(mail).toMatch(/^From: signalbox@example\.com\r$/m)
  expect(mail).toMatch(/^To: l2@example\.com\r$/m)
  expect(mail).toMatch(/^References: <inc_1@signalbox>\r$/m)
  expect(mail).toMatch(/^X-Priority: 1\r$/m)
  expect(mail).toMatch(/^Subject: \[critical\] opened: Traffic moved to edge-local/m)
  expect(mail).toMatch(/\r\n\r\nTraffic moved to edge-local \(confirmed, 1\.3 s\)\./)
})

test.for([
  { refusal: '451 try later', status: 'retry' },
  { refusal: '550 no such sender', status: 'reject' },
])('$refusal is $status', async ({ refusal, status }) => {
  const server = await startSmtpServer(refusal)
  expect(await server.send(noticeOf(), signal)).toMatchObject({ status })
  server.close()
})

test('no password in any error', async () => {
  const server = await startSmtpServer()
  server.close()
  const send = createEmailReceiver({
    smtp: createSecret('smtp://user:hunter22@127.0.0.1:1'),
    from: 'a@example.com',
    to: ['b@example.com'],
  })
  const outcome = await send(noticeOf(), signal)
  expect(outcome.status).toBe('retry')
  expect(JSON.stringify(outcome)).not.toContain('hunter22')
})
