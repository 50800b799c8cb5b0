import { join } from 'node:path'
import { z } from 'zod'
import type { ErrorPlace } from '../lib/errors.ts'
import { loadYaml, type PlaceOf } from './load-yaml.ts'
import { Change } from './rule-kinds-change.ts'
import { BurnRate, Outlier } from './rule-kinds-compare.ts'
import { AllOf, AnyOf } from './rule-kinds-composite.ts'
import { CountOf, Distinct, Ratio } from './rule-kinds-count.ts'
import { Novelty } from './rule-kinds-log.ts'
import { Quantile } from './rule-kinds-quantile.ts'
import { Inflight, Silence } from './rule-kinds-source.ts'
import { Gap, Growth, Value } from './rule-kinds-value.ts'
import { yamlFilesIn } from './yaml-files.ts'

/** One schema per kind. */
const KINDS = {
  ratio: Ratio,
  count: CountOf,
  distinct: Distinct,
  value: Value,
  gap: Gap,
  growth: Growth,
  inflight: Inflight,
  silence: Silence,
  all_of: AllOf,
  any_of: AnyOf,
  novelty: Novelty,
  quantile: Quantile,
  outlier: Outlier,
  burn_rate: BurnRate,
  change: Change,
} as const

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
  return `unknown kind; ${known}`
}

export interface LoadedRules {
  /** All rules, in the order of file names; only complete when there are no errors. */
  readonly rules: readonly Rule[]
  readonly errors: readonly ErrorPlace[]
}

interface LoadRulesOptions {
  /** The alerts folder; its `rules/` may be absent. */
  readonly dir: string
  /** Instead of that: files as text, by name. */
  readonly texts?: Readonly<Record<string, string>>
  /** Divides every duration, for rehearsals; default 1. */
  readonly speed?: number
}

/** Reads every rule file and checks ids and references over all of them. Never throws for content. */
export function loadRules({ dir, texts, speed = 1 }: LoadRulesOptions): LoadedRules {
  const files = texts
    ? Object.entries(texts).map(([file, text]) => ({ file, text }))
    : yamlFilesIn(join(dir, 'rules')).map((file) => ({ file }))
  return readRules(files, speed)
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
    const key = rule.kind === 'gap' ? 'only_if' : 'rules'
    for (const id of lookedAt(rule)) {
      if (id === rule.id || unknownRules(rules, [id]).length > 0)
        faults.push(places([...path, key], `there is no other rule ${id}`))
      else if (reaches({ rules, from: id, to: rule.id }))
        faults.push(places([...path, key], `${id} looks at ${rule.id} in turn`))
    }
  }
  return faults
}

/** Rules that a rule looks at. */
export function lookedAt(rule: Rule): readonly string[] {
  if (rule.kind === 'all_of' || rule.kind === 'any_of') return rule.rules
  return rule.kind === 'gap' && rule.onlyIf !== undefined ? [rule.onlyIf] : []
}

interface ReachQuery {
  readonly rules: readonly Rule[]
  readonly from: string
  readonly to: string
}

function reaches({ rules, from, to }: ReachQuery, seen = new Set<string>()): boolean {
  if (from === to) return true
  if (seen.has(from)) return false
  seen.add(from)
  const rule = rules.find(({ id }) => id === from)
  return rule !== undefined && lookedAt(rule).some((id) => reaches({ rules, from: id, to }, seen))
}
