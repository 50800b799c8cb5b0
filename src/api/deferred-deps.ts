import type { ApiDeps } from './deps.ts'

/**
 * Dependencies that are looked up at the moment of use: the API listens before the stages are
 * built, because what they send carries its address. `find` throws NOT_READY until then.
 */
export function deferDeps(
  own: Pick<ApiDeps, 'authorize' | 'health'>,
  find: () => Omit<ApiDeps, 'authorize' | 'health'>,
): ApiDeps {
  return {
    ...own,
    get routes() {
      return find().routes
    },
    get routers() {
      return find().routers
    },
    get subscriptions() {
      return find().subscriptions
    },
    get rules() {
      return find().rules
    },
    get incidents() {
      return find().incidents
    },
    get reports() {
      return find().reports
    },
    get backtests() {
      return find().backtests
    },
    get silences() {
      return find().silences
    },
    reload: () => find().reload(),
  }
}
