import { readFileSync } from 'node:fs'
import { type Document, isMap, isPair, isSeq, LineCounter, parseDocument } from 'yaml'
import type { z } from 'zod'
import { parseDurationMs } from '../lib/duration.ts'
import { AppError, type ErrorPlace } from '../lib/errors.ts'
import { atSpeed } from './fields.ts'

/**
 * How strictly-checked YAML becomes a value. All of a file's faults are gathered, each with file,
 * line and key, so that one run of `signalbox check` shows them all.
 */
export type LoadResult<T> =
  | { readonly status: 'ok'; readonly value: T; readonly places: PlaceOf }
  | { readonly status: 'invalid'; readonly errors: readonly ErrorPlace[] }

/** Where a key stands in the file, for checks that only make sense across files. */
export type PlaceOf = (path: readonly PropertyKey[], message: string) => ErrorPlace

export interface LoadOptions<S extends z.ZodType> {
  /** Named in errors; read when `text` is absent. */
  readonly file: string
  readonly text?: string
  readonly schema: S
  /** Divides every duration in the file (rehearsals in fast motion); default 1. */
  readonly speed?: number
}

export function loadYaml<S extends z.ZodType>(options: LoadOptions<S>): LoadResult<z.output<S>> {
  const { file, schema, speed = 1 } = options
  const lines = new LineCounter()
  const text = options.text ?? readText(file)
  const document = parseDocument(text, { version: '1.2', lineCounter: lines, uniqueKeys: true })
  const faults = document.errors.map((error) => ({
    file,
    line: error.linePos?.[0].line ?? 1,
    message: error.message.split('\n')[0] ?? error.message,
  }))
  if (faults.length > 0) return { status: 'invalid', errors: faults }

  const places: PlaceOf = (path, message) => ({
    file,
    line: lineOf({ document, lines, path }),
    key: renderPath(path),
    message,
  })
  const value = toValue(document)
  if (value.status === 'invalid') return { status: 'invalid', errors: [places([], value.message)] }
  const raw = divideDurations(value.js, speed)
  const parsed = atSpeed(speed, () => schema.safeParse(raw))
  if (parsed.success) return { status: 'ok', value: parsed.data, places }
  return {
    status: 'invalid',
    errors: parsed.error.issues.flatMap(flattenIssue).map((issue) => {
      const unknownKey = issue.code === 'unrecognized_keys' ? issue.keys[0] : undefined
      return places(
        unknownKey === undefined ? issue.path : [...issue.path, unknownKey],
        issue.message,
      )
    }),
  }
}

/** Aliases of aliases would grow without end: the library counts them, and so stops a bomb. */
function toValue(document: Document.Parsed) {
  try {
    return { status: 'ok', js: document.toJS() as unknown } as const
  } catch (fault) {
    return { status: 'invalid', message: fault instanceof Error ? fault.message : '' } as const
  }
}

/** Like `loadYaml`, but a fault is thrown as one `CONFIG_INVALID` that lists every place. */
export function loadYamlOrThrow<S extends z.ZodType>(options: LoadOptions<S>): z.output<S> {
  const result = loadYaml(options)
  if (result.status === 'ok') return result.value
  throw configInvalid(result.errors)
}

export function configInvalid(places: readonly ErrorPlace[]): AppError {
  const count = places.length === 1 ? '1 fault' : `${places.length} faults`
  return new AppError('CONFIG_INVALID', `the configuration has ${count}`, { places })
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (cause) {
    throw new AppError('CONFIG_INVALID', `cannot read ${file}`, {
      cause,
      places: [{ file, message: 'cannot be read; does it exist?' }],
    })
  }
}

type Issue = z.core.$ZodIssue

// A union reports every branch: the branch that failed deepest is the one that was meant.
function flattenIssue(issue: Issue): Issue[] {
  if (issue.code !== 'invalid_union' || issue.errors.length === 0) return [issue]
  const depth = (branch: readonly Issue[]) => Math.max(0, ...branch.map((one) => one.path.length))
  const branches = [...issue.errors].sort((a, b) => depth(b) - depth(a))
  const best = branches[0] ?? []
  if (depth(best) === 0) return [issue]
  return best.flatMap((one) => flattenIssue({ ...one, path: [...issue.path, ...one.path] }))
}

interface LineQuery {
  readonly document: Document
  readonly lines: LineCounter
  readonly path: readonly PropertyKey[]
}

/** The line of the deepest part of `path` that exists; 1 for an empty file. */
function lineOf({ document, lines, path }: LineQuery): number {
  let node: unknown = document.contents
  let offset = rangeStart(node)
  for (const part of path) {
    if (isMap(node)) {
      const pair = node.items.find((item) => isPair(item) && String(item.key) === String(part))
      if (!pair) break
      offset = rangeStart(pair.key) ?? offset
      node = pair.value
    } else if (isSeq(node)) {
      node = node.items[Number(part)]
      offset = rangeStart(node) ?? offset
    } else break
  }
  return offset === undefined ? 1 : lines.linePos(offset).line
}

function rangeStart(node: unknown): number | undefined {
  return (node as { range?: readonly number[] } | null | undefined)?.range?.[0]
}

function renderPath(path: readonly PropertyKey[]): string {
  return path
    .map((part) => (typeof part === 'number' ? `[${part}]` : `.${String(part)}`))
    .join('')
    .replace(/^\./, '')
}

/** Divides everything that is written as a duration, so that scaling knows no schema. */
function divideDurations(value: unknown, speed: number): unknown {
  if (speed === 1) return value
  if (typeof value === 'string') {
    const ms = parseDurationMs(value)
    return ms === undefined ? value : `${ms / speed}ms`
  }
  if (Array.isArray(value)) return value.map((item) => divideDurations(item, speed))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, divideDurations(item, speed)]),
  )
}
