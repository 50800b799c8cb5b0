/** What people ask for: operation, size, steps; a class costs `work` times the mean render. */
export interface RequestClass {
  readonly name: string
  readonly weight: number
  readonly work: number
  readonly images: number
}

// The works average to 1 over the weights, so that capacity is instances / mean render time.
export const REQUEST_CLASSES: readonly RequestClass[] = [
  { name: 'txt2img/512/20', weight: 0.6, work: 0.85, images: 1 },
  { name: 'txt2img/1024/30', weight: 0.25, work: 1.24, images: 1 },
  { name: 'img2img/768/25', weight: 0.15, work: 1.2, images: 2 },
]

const WORK = new Map(REQUEST_CLASSES.map(({ name, work }) => [name, work]))

/** Cost of a class relative to the mean render; 1 for an unknown one. */
export function workOf(className: string): number {
  return WORK.get(className) ?? 1
}

/** Where people sit; the message of an outage shows up in all of them. */
export const REGIONS = [
  { name: 'eu-west', weight: 5 },
  { name: 'eu-north', weight: 3 },
  { name: 'us-east', weight: 3 },
  { name: 'ap-south', weight: 1 },
] as const
