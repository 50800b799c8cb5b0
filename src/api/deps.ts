import type { ErrorPlace } from '../lib/errors.ts'
import type { RouteAction, RouteActionResult } from '../model/action.ts'
import type { Authorize } from '../model/authority.ts'
import type { BacktestAnswer, BacktestProgress, BacktestRequest } from '../model/backtest.ts'
import type { DeliveryView, SubscriptionEvent, SubscriptionView } from '../model/delivery.ts'
import type { StateDocument } from '../model/desired.ts'
import type { Incident, OutcomeBin } from '../model/incident.ts'
import type { Report } from '../model/report.ts'
import type { RouteView } from '../model/route.ts'
import type { ReceivedStatus } from '../model/router-status.ts'
import type { RuleDetail } from '../model/rule-detail.ts'
import type { ChangeEvent, SilenceView } from '../model/silence.ts'
import type { RuleView } from '../model/verdict.ts'

/** What the API may ask of the stages. Each group is the part of one stage that people may use. */
export interface ApiDeps {
  readonly authorize: Authorize
  readonly routes: {
    state(): StateDocument
    views(): readonly RouteView[]
    view(route: string): RouteView | undefined
    explain(route: string): unknown
    act(route: string, action: RouteAction): RouteActionResult
    pause(actor: string, reason: string): void
    resume(actor: string): void
    outcomes(route: string): readonly OutcomeBin[]
  }
  readonly routers: {
    status(received: ReceivedStatus): { readonly epoch: number; readonly version: number }
    forget(router: string): boolean
  }
  readonly subscriptions: {
    list(): readonly SubscriptionView[]
    get(id: string): SubscriptionView | undefined
    create(request: SubscriptionRequest): Promise<SubscriptionView>
    patch(id: string, request: Partial<SubscriptionRequest>): Promise<SubscriptionView | undefined>
    remove(id: string): boolean
    test(id: string): Promise<unknown>
    rotateSecret(id: string): SubscriptionView | undefined
    deliveries(): readonly DeliveryView[]
    redeliver(id: string): boolean
  }
  readonly rules: { list(): readonly RuleView[]; get(id: string): RuleDetail | undefined }
  readonly incidents: {
    list(state?: string): readonly Incident[]
    get(id: string): Incident | undefined
    ack(id: string, by: string): Incident | undefined
    resolve(id: string, by: string): Incident | undefined
    note(id: string, text: string, by: string): Incident | undefined
    addAction(id: string, text: string, by: string): Incident | undefined
    changeEvent(event: ChangeEvent): void
  }
  readonly reports: {
    report(id: string): Promise<Report>
    render(report: Report, format: 'json' | 'md' | 'html'): string
  }
  readonly backtests: {
    run(request: BacktestRequest): Promise<BacktestAnswer>
    /** Undefined when none runs. */
    running(): BacktestProgress | undefined
  }
  readonly silences: {
    list(): readonly SilenceView[]
    create(silence: Omit<SilenceView, 'id' | 'created_at'>): SilenceView
    remove(id: string): boolean
  }
  readonly health: {
    /** Why OTLP would be refused; empty when it would not. */
    refusing(): readonly string[]
    degraded(): readonly { readonly part: string; readonly reason: string }[]
    metrics(): Promise<string>
  }
  reload(): readonly ErrorPlace[]
}

export interface SubscriptionRequest {
  readonly url: string
  readonly routes: readonly string[]
  readonly events: readonly SubscriptionEvent[]
  readonly router: string
  readonly resolve: 'one' | 'each'
}
