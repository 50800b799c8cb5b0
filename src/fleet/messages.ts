import type { DeploymentLoad } from './autoscaler.ts'
import type { RoleConfig } from './role-config.ts'
import type { WorkerFaultName } from './worker-faults.ts'

// What the fleet's parent process and its children say to each other over IPC.

/** Parent to child. The first is always `configure`. */
export type Command =
  | { readonly type: 'configure'; readonly config: RoleConfig }
  | { readonly type: 'connect'; readonly otlpUrl: string; readonly controllerUrl: string }
  | { readonly type: 'endpoints'; readonly target: string; readonly urls: readonly string[] }
  | { readonly type: 'scale'; readonly count: number }
  | { readonly type: 'fail'; readonly instances: number; readonly fault?: WorkerFaultName }
  | { readonly type: 'rate'; readonly requestsPerS: number }
  | { readonly type: 'provisioning'; readonly works: boolean }
  | { readonly type: 'load'; readonly load: DeploymentLoad }
  | { readonly type: 'stop' }

/** Child to parent. */
export type Report =
  | { readonly type: 'ready' }
  /** A router listens: for users, and for the failover webhook. */
  | { readonly type: 'listening'; readonly url: string; readonly webhookUrl: string }
  | { readonly type: 'connected' }
  | { readonly type: 'endpoints'; readonly target: string; readonly urls: readonly string[] }
  | { readonly type: 'replicas'; readonly desired: number; readonly available: number }
  | { readonly type: 'load'; readonly target: string; readonly load: DeploymentLoad }
  | { readonly type: 'answers'; readonly ok: number; readonly failed: number }
  | { readonly type: 'fault'; readonly message: string }
  | { readonly type: 'stopped' }

/** One running role. */
export interface Role {
  command(command: Command): Promise<void> | void
  stop(): Promise<void>
}

export type Tell = (report: Report) => void
