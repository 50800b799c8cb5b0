/** At most `countMax` characters (code points, so that none is cut in half), an ellipsis last. */
export function truncate(text: string, countMax: number): string {
  if (text.length <= countMax) return text
  const characters = [...text]
  if (characters.length <= countMax) return text
  return `${characters.slice(0, countMax - 1).join('')}…`
}
