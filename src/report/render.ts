import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import Handlebars from 'handlebars'
import type { Report } from '../model/report.ts'
import { formatCount, toView } from './view.ts'

export type ReportFormat = 'json' | 'md' | 'html'

/**
 * Prints a report. JSON is the report itself; Markdown and HTML go through Handlebars templates, which
 * see the `view.ts` of it and may be changed without touching code. HTML is one file: style and
 * drawings inside, no script.
 */
export function createRenderer(
  templatesDir: string,
): (report: Report, format: ReportFormat) => string {
  const markdown = compile(join(templatesDir, 'report.md.hbs'), { noEscape: true })
  const html = compile(join(templatesDir, 'report.html.hbs'), { noEscape: false })
  return (report, format) => {
    switch (format) {
      case 'json':
        return `${JSON.stringify(report, null, 2)}\n`
      case 'md':
        return tidy(markdown(toView(report)))
      case 'html':
        return html(toView(report))
    }
  }
}

function compile(file: string, options: { readonly noEscape: boolean }) {
  const own = Handlebars.create()
  own.registerHelper('cell', (value: unknown) =>
    // A bar or a line break in a text of the incident would break the table it stands in.
    String(value ?? '–')
      .replaceAll('|', '\\|')
      .replaceAll(/\s*\n\s*/g, ' '),
  )
  own.registerHelper('count', (n: number) => formatCount(n))
  own.registerHelper('lower', (text: string) => text.toLowerCase())
  return own.compile(readFileSync(file, 'utf8'), {
    ...options,
    strict: false,
    knownHelpersOnly: false,
  })
}

/** At most one empty line between blocks: sections that are left out leave none behind. */
function tidy(text: string): string {
  return `${text.replaceAll(/\n{3,}/g, '\n\n').trim()}\n`
}
