import { execFileSync } from 'node:child_process'
import { closeSync, openSync, writeSync } from 'node:fs'
import { onTestFinished } from 'vitest'
import { newFolder } from '../scenario/served.ts'

/** A file system of its own, so small that it can be filled. */
export function mountSmallDisk(mebibytes: number): string {
  const dir = newFolder()
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${mebibytes}m,mode=700`, 'tmpfs', dir])
  } catch (cause) {
    throw new Error('this test mounts a small tmpfs, which needs root: run it as CI does', {
      cause,
    })
  }
  onTestFinished(() => void execFileSync('umount', ['--lazy', dir]))
  return dir
}

/** Takes what is free, to the last byte; at most so much. */
export function fill(file: string, bytesMax = Number.POSITIVE_INFINITY): void {
  const handle = openSync(file, 'a')
  let left = bytesMax
  try {
    for (let size = 1 << 20; size >= 1 && left > 0; ) {
      try {
        left -= writeSync(handle, Buffer.alloc(Math.min(size, left)))
      } catch (fault) {
        if ((fault as { code?: string }).code !== 'ENOSPC') throw fault
        size = Math.floor(size / 2)
      }
    }
  } finally {
    closeSync(handle)
  }
}
