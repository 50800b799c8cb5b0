import { join } from 'node:path'
import { z } from 'zod'
import type { ErrorPlace } from '../lib/errors.ts'
import { loadYaml, type PlaceOf } from './load-yaml.ts'
import { CountOf, Distinct, Ratio } from './rule-kinds-count.ts'
import { Inflight, Silence } from './rule-kinds-source.ts'
import { Gap, Growth, Value } from './rule-kinds-value.ts'
import { yamlFilesIn } from './yaml-files.ts'

/** One schema per kind; a kind that is not here yet is refused by name. */
const KINDS = {
  ratio: Ratio,
  count: CountOf,
  distinct: Distinct,
  value: Value,
  gap: Gap,
  growth: Growth,
  inflight: Inflight,
  silence: Silence,
} as const
const NOT_YET = ['quantile', 'burn_rate', 'outlier', 'novelty', 'all_of', 'any_of', 'change']

export type RuleKind = keyof typeof KINDS
export type RuleOf<K extends RuleKind> = z.output<(typeof KINDS)[K]>
export type Rule = { [K in RuleKind]: RuleOf<K> }[RuleKind]

/** `alerts/rules/*.yaml`. Each rule is checked by the schema of its kind, so that faults are exact. */
export const RuleFile = z
  .strictObject({
    schema: z.literal('signalbox.rules/v1'),
    rules: z.array(z.record(z.string(), z.unknown())).default([]),
  })
  .transform((file, context) => {
    const rules = file.rules.map((raw, index) => {
      const schema = KINDS[raw.kind as RuleKind]
      const parsed = Object.hasOwn(KINDS, String(raw.kind)) ? schema.safeParse(raw) : undefined
      if (parsed?.success) return parsed.data as Rule
      const issues = parsed
        ? parsed.error.issues
        : [{ code: 'custom', message: kindFault(raw.kind), path: ['kind'] }]
      for (const issue of issues)
        context.issues.push({
          ...issue,
          path: ['rules', index, ...issue.path],
          input: raw,
        } as never)
      return undefined
    })
    return rules.filter((rule) => rule !== undefined)
  })

function kindFault(kind: unknown): string {
  const known = `there are ${Object.keys(KINDS).join(', ')}`
  if (kind === undefined) return `is required; ${known}`
  const isLater = NOT_YET.includes(String(kind))
  return isLater ? `kind '${kind}' is not yet supported; ${known}` : `unknown kind; ${known}`
}

export interface LoadedRules {
  /** All rules, in the order of file names; only complete when there are no errors. */
  readonly rules: readonly Rule[]
  readonly errors: readonly ErrorPlace[]
}

export interface LoadRulesOptions {
  /** The alerts folder; its `rules/` may be absent. */
  readonly dir: string
  /** Divides every duration, for rehearsals; default 1. */
  readonly speed?: number
}

/** Reads every rule file and checks ids and references over all of them. Never throws for content. */
export function loadRules({ dir, speed = 1 }: LoadRulesOptions): LoadedRules {
  return readRules(
    yamlFilesIn(join(dir, 'rules')).map((file) => ({ file })),
    speed,
  )
}

/** The same of files that are given as text, by name. */
export function parseRules(
  files: Readonly<Record<string, string>>,
  { speed = 1 }: Pick<LoadRulesOptions, 'speed'> = {},
): LoadedRules {
  return readRules(
    Object.entries(files).map(([file, text]) => ({ file, text })),
    speed,
  )
}

function readRules(
  files: readonly { readonly file: string; readonly text?: string }[],
  speed: number,
): LoadedRules {
  const errors: ErrorPlace[] = []
  const found: FoundRule[] = []
  for (const given of files) {
    const { file } = given
    const result = loadYaml({ ...given, schema: RuleFile, speed })
    if (result.status === 'invalid') errors.push(...result.errors)
    else
      result.value.forEach((rule, index) => {
        found.push({ rule, file, path: ['rules', index], places: result.places })
      })
  }
  return { rules: found.map(({ rule }) => rule), errors: [...errors, ...crossFaults(found)] }
}

/** Those of `names` that no rule has: for the `on` and `with` of failover.yaml. */
export function unknownRules(rules: readonly Rule[], names: readonly string[]): string[] {
  const known = new Set(rules.map((rule) => rule.id))
  return names.filter((name) => !known.has(name))
}

interface FoundRule {
  readonly rule: Rule
  readonly file: string
  readonly path: readonly PropertyKey[]
  readonly places: PlaceOf
}

function crossFaults(found: readonly FoundRule[]): ErrorPlace[] {
  const rules = found.map(({ rule }) => rule)
  const firstFile = new Map<string, string>()
  const faults: ErrorPlace[] = []
  for (const { rule, file, path, places } of found) {
    const first = firstFile.get(rule.id)
    if (first === undefined) firstFile.set(rule.id, file)
    else faults.push(places([...path, 'id'], `rule ${rule.id} already stands in ${first}`))
    const onlyIf = rule.kind === 'gap' ? rule.onlyIf : undefined
    if (onlyIf !== undefined && (onlyIf === rule.id || unknownRules(rules, [onlyIf]).length > 0))
      faults.push(places([...path, 'only_if'], `there is no other rule ${onlyIf}`))
  }
  return faults
}
