import { z } from 'zod'
import { patternFault } from '../lib/pattern.ts'

/** A regular expression that is safe to run on anybody's text. */
export const Pattern = z.string().superRefine((text, context) => {
  const message = patternFault(text)
  if (message !== undefined) context.addIssue({ code: 'custom', message })
})
