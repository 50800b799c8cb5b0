/** Names of before the conventions were stable; senders that still use them are understood. */
export const OLDER_NAMES: ReadonlyMap<string, string> = new Map([
  ['http.response.status_code', 'http.status_code'],
  ['http.request.method', 'http.method'],
  ['url.path', 'http.target'],
  ['url.full', 'http.url'],
  ['deployment.environment.name', 'deployment.environment'],
])
