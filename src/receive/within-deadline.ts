import type { OtlpAnswer } from '../model/otlp.ts'

/** The pipeline may still take it afterwards; the sender then repeats it, which is tolerated. */
export async function withinDeadline(
  answer: Promise<OtlpAnswer>,
  msMax: number,
): Promise<OtlpAnswer> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<OtlpAnswer>((resolve) => {
    timer = setTimeout(() => resolve({ status: 'retry', reason: 'overloaded', afterS: 2 }), msMax)
  })
  try {
    return await Promise.race([answer, late])
  } finally {
    clearTimeout(timer)
  }
}
