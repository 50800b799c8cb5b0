import { type LookupAddress, lookup } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import ipaddr from 'ipaddr.js'
import { buildConnector } from 'undici'
import { AppError } from '../lib/errors.ts'

// Endpoints come from people, so a push could be aimed at the inside of a network. An address is
// checked three times: as a literal, as an answer of DNS, and as what the socket is connected to
// (a name may answer differently the second time).

/** Who named the endpoint: files are trusted more than the API. */
export type Origin = 'file' | 'api'

export interface EgressGuard {
  /** True when a push may go to the address. */
  mayReach(address: string, origin: Origin): boolean
  /** Checks a URL when it is handed in. @throws AppError EGRESS_REFUSED */
  check(url: string, origin: Origin): Promise<void>
  /** Connects for undici, and refuses what `mayReach` refuses. */
  connector(origin: Origin): buildConnector.connector
}

// Addresses of clouds' metadata services that are not link-local, and so would pass as private.
const METADATA = ['fd00:ec2::254', '100.100.100.200', '168.63.129.16', 'fd20:ce::254']
const NEVER = ['linkLocal', 'multicast', 'broadcast', 'reserved']
const CONNECT_MS = 5_000

/** @throws AppError CONFIG_INVALID for anything but comma-separated CIDRs */
export function createEgressGuard(options: { readonly allow: string }): EgressGuard {
  const allowed = parseCidrs(options.allow)
  const mayReach = (text: string, origin: Origin): boolean => {
    if (!ipaddr.isValid(text)) return false
    // `::ffff:169.254.169.254` is that address, whatever it looks like.
    const address = embedded(ipaddr.process(text))
    const range: string = address.range()
    if (NEVER.includes(range) || METADATA.includes(address.toString())) return false
    if (origin === 'file' || range === 'unicast') return true
    return allowed.some(([net, bits]) => net.kind() === address.kind() && address.match(net, bits))
  }
  return {
    mayReach,
    async check(url, origin) {
      const host = new URL(url).hostname.replace(/^\[|\]$/g, '')
      const addresses = isIP(host) ? [host] : await resolve(host)
      if (addresses.every((address) => mayReach(address, origin))) return
      throw new AppError(
        'EGRESS_REFUSED',
        `${host} is not an address that endpoints may have; see SIGNALBOX_EGRESS_ALLOW`,
      )
    },
    connector: (origin) => createConnector((address) => mayReach(address, origin)),
  }
}

/** `::169.254.169.254`, the old way of writing an IPv4 address as IPv6; `::` and `::1` are not. */
function embedded(address: ipaddr.IPv4 | ipaddr.IPv6): ipaddr.IPv4 | ipaddr.IPv6 {
  const bytes = address.toByteArray()
  const isCompatible = bytes.length === 16 && bytes.slice(0, 12).every((byte) => byte === 0)
  if (!isCompatible || bytes.slice(12, 15).every((byte) => byte === 0)) return address
  return ipaddr.fromByteArray(bytes.slice(12))
}

type MayReach = (address: string) => boolean

function createConnector(mayReach: MayReach): buildConnector.connector {
  const connect = buildConnector({ timeout: CONNECT_MS, lookup: createLookup(mayReach) })
  return (options, callback) => {
    const host = options.hostname.replace(/^\[|\]$/g, '')
    if (isIP(host) && !mayReach(host)) {
      callback(refusal(), null)
      return
    }
    connect(options, (fault, socket) => {
      if (fault || !socket) {
        callback(fault ?? refusal(), null)
      } else if (mayReach(socket.remoteAddress ?? '')) {
        callback(null, socket)
      } else {
        socket.destroy()
        callback(refusal(), null)
      }
    })
  }
}

/** Only permitted addresses of a name are ever tried. */
function createLookup(mayReach: MayReach): LookupFunction {
  return (hostname, options, callback) => {
    lookup(hostname, { ...options, all: true }, (fault, addresses) => {
      const permitted = fault ? [] : addresses.filter(({ address }) => mayReach(address))
      const [first] = permitted
      if (!first) callback(fault ?? refusal(), '', 0)
      else if (options.all) callback(null, permitted)
      else callback(null, first.address, first.family)
    })
  }
}

/** What a name stands for now; nothing when it does not resolve (it may, later). */
function resolve(host: string): Promise<string[]> {
  return new Promise((done) => {
    lookup(host, { all: true }, (fault, addresses: LookupAddress[]) =>
      done(fault ? [] : addresses.map(({ address }) => address)),
    )
  })
}

function refusal(): NodeJS.ErrnoException {
  return Object.assign(new Error('the address is not permitted'), { code: 'EGRESS_REFUSED' })
}

function parseCidrs(text: string): [ipaddr.IPv4 | ipaddr.IPv6, number][] {
  return text
    .split(',')
    .map((part) => part.trim())
    .filter((part) => part !== '')
    .map((part) => {
      if (ipaddr.isValidCIDR(part)) return ipaddr.parseCIDR(part)
      throw new AppError('CONFIG_INVALID', `SIGNALBOX_EGRESS_ALLOW: ${part} is not a CIDR`)
    })
}
