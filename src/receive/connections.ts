import type { Socket } from 'node:net'

/**
 * Bounds connections without letting idle ones keep out those that have something to say: at the
 * limit the one that has been idle longest is closed. A connection that sends no request, or the
 * head of one very slowly, counts as idle.
 */
export interface Connections {
  /** A new connection; the oldest idle one may be closed for it. */
  add(socket: Socket): void
  /** A request came on a connection, known by `peerOf`. Returns what to call at its end, once. */
  busy(peer: string): () => void
  /** Of connections that are open, for a stop that cannot wait. */
  destroyAll(): void
}

/** The same for a socket and for gRPC's `getPeer()`. */
export function peerOf({ remoteAddress, remotePort }: Socket): string {
  return `${remoteAddress}:${remotePort}`
}

export function createConnections(options: { readonly connectionsMax: number }): Connections {
  const sockets = new Map<string, { readonly socket: Socket; requestCount: number }>()
  /** Idle for the longest time first. */
  const idle = new Set<string>()
  return {
    add(socket) {
      const peer = peerOf(socket)
      sockets.set(peer, { socket, requestCount: 0 })
      idle.add(peer)
      const forget = (key: string) => {
        sockets.delete(key)
        idle.delete(key)
      }
      socket.once('close', () => {
        if (sockets.get(peer)?.socket === socket) forget(peer)
      })
      if (sockets.size <= options.connectionsMax) return
      // Where all are busy, it is the new one.
      const [oldest = peer] = idle
      const closing = sockets.get(oldest)?.socket
      forget(oldest)
      closing?.destroy()
    },
    busy(peer) {
      const connection = sockets.get(peer)
      if (!connection) return () => {}
      connection.requestCount++
      idle.delete(peer)
      return () => {
        connection.requestCount--
        if (connection.requestCount === 0 && sockets.get(peer) === connection) idle.add(peer)
      }
    },
    destroyAll() {
      for (const { socket } of sockets.values()) socket.destroy()
    },
  }
}
