import type { GrowingBytes } from '../lib/growing-bytes.ts'

// Numbers of fixed width, as columns have them: little-endian.

export function pushDouble(out: GrowingBytes, value: number): void {
  out.reserve(8)
  out.view.setFloat64(out.length, value, true)
  out.length += 8
}

export function pushUint16(out: GrowingBytes, value: number): void {
  out.reserve(2)
  out.view.setUint16(out.length, value, true)
  out.length += 2
}

export function pushUint32(out: GrowingBytes, value: number): void {
  out.reserve(4)
  out.view.setUint32(out.length, value, true)
  out.length += 4
}

export function pushInt32(out: GrowingBytes, value: number): void {
  out.reserve(4)
  out.view.setInt32(out.length, value | 0, true)
  out.length += 4
}
