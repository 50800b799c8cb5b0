import { z } from 'zod'

/** Query of every list. */
export const ListQuery = z.object({
  limit: z.coerce.number().int().min(1).max(1_000).default(100),
  /** `next` of the page before. */
  cursor: z.string().optional(),
})

export interface Page<T> {
  readonly items: readonly T[]
  readonly next?: string
}

/** Cuts one page out of a list; the cursor is the id of the last item that was seen. */
export function toPage<T extends { readonly id: string }>(
  items: readonly T[],
  { limit, cursor }: z.output<typeof ListQuery>,
): Page<T> {
  const start = cursor === undefined ? 0 : items.findIndex((item) => item.id === cursor) + 1
  const page = items.slice(start, start + limit)
  const last = page.at(-1)
  const hasMore = start + page.length < items.length
  return { items: page, ...(hasMore && last && { next: last.id }) }
}
