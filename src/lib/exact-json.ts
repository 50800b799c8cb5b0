/** As JSON.parse, but integers that a double cannot hold (ids, nanoseconds) come as text, exact. */
export function parseExactJson(text: string): unknown {
  const value: unknown = JSON.parse(text)
  return /\d{16}/.test(text) ? JSON.parse(quoteBigIntegers(text)) : value
}

/** @param text valid JSON */
function quoteBigIntegers(text: string): string {
  const token = /"|-?\d[\d.eE+-]*/g
  let quoted = ''
  let doneTo = 0
  for (let match = token.exec(text); match; match = token.exec(text)) {
    const [found] = match
    if (found === '"') token.lastIndex = endOfString(text, match.index)
    else if (/^-?\d{16,}$/.test(found) && !Number.isSafeInteger(Number(found))) {
      quoted += `${text.slice(doneTo, match.index)}"${found}"`
      doneTo = token.lastIndex
    }
  }
  return quoted + text.slice(doneTo)
}

/** Behind the closing quote of the string that opens at `start`. */
function endOfString(text: string, start: number): number {
  for (let at = text.indexOf('"', start + 1); ; at = text.indexOf('"', at + 1)) {
    let slashes = 0
    while (text[at - 1 - slashes] === '\\') slashes++
    if (slashes % 2 === 0) return at + 1
  }
}
