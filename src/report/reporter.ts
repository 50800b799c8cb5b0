import type { Failover, RoutePolicy } from '../config/failover.ts'
import { AppError } from '../lib/errors.ts'
import type { Incident } from '../model/incident.ts'
import type { Report } from '../model/report.ts'
import type { ClickHouse } from '../store/clickhouse.ts'
import { composeReport, composeWithoutRoute } from './compose.ts'
import type { ReportSettings } from './facts.ts'
import { gather } from './gather.ts'
import { createQueryRunner } from './query.ts'
import { createRenderer, type ReportFormat } from './render.ts'

/**
 * Post-mortems. All numbers come from stored requests, by the definitions that the report carries;
 * there is no clock in it, so the same stored data give the same bytes, whenever they are asked for.
 */
export interface Reporter {
  /**
   * Reads the incident's data and computes every figure: some twenty queries, seconds for millions
   * of requests.
   *
   * @throws AppError NOT_FOUND; what the database throws
   */
  report(id: string, options?: { readonly profile?: string }): Promise<Report>
  render(report: Report, format: ReportFormat): string
}

export interface ReporterOptions extends ReportSettings {
  readonly clickhouse: Pick<ClickHouse, 'query'>
  incident(id: string): Incident | undefined
  policy(route: string): RoutePolicy | undefined
  /** `targets:` of failover.yaml; tells where ready workers are counted. */
  targets?(): Failover['targets']
  /** Labels of a rule: `class: capacity` decides which bound of p(t) is taken. */
  ruleLabels?(rule: string): Readonly<Record<string, string>> | undefined
  /** Where `report.md.hbs` and `report.html.hbs` are; read at once. */
  readonly templatesDir: string
}

export function createReporter(options: ReporterOptions): Reporter {
  const { clickhouse, templatesDir, theta, quietForMs, latenessMs, timings } = options
  return {
    async report(id, { profile = 'internal' } = {}) {
      refuseProfile(profile)
      const incident = options.incident(id)
      if (!incident) throw new AppError('NOT_FOUND', `there is no incident ${id}`)
      if (incident.route === undefined) return composeWithoutRoute(incident)
      const runner = createQueryRunner(clickhouse)
      const policy = options.policy(incident.route)
      const facts = await gather({
        ...{ runner, incident, route: incident.route, policy },
        ...{ theta, quietForMs, latenessMs, timings },
        readyWorkers: policy && options.targets?.()[policy.primary]?.ready_workers,
        ruleLabels: (rule) => options.ruleLabels?.(rule),
      })
      return composeReport(facts, runner.texts)
    },
    render: createRenderer(templatesDir),
  }
}

function refuseProfile(profile: string): void {
  if (profile === 'internal') return
  const why =
    profile === 'public'
      ? 'profile public is not there yet: nothing is redacted, so nothing may be published; use internal'
      : `there is no profile ${profile}; use internal`
  throw new AppError('BAD_REQUEST', why)
}
