// What the value of an attribute is, as its bytes show it.

export const EMPTY = 0
export const TEXT = 1
export const BOOL = 2
export const INT = 3
export const DOUBLE = 4
/**
 * A list, a map, bytes, or something written in an unusual way: the whole `AnyValue` message; or,
 * when its begin is negative, at `~begin` the whole `KeyValue` message.
 */
export const COMPLEX = 5
