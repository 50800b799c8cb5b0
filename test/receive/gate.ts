import type { OtlpAnswer } from '../../src/model/otlp.ts'
import { OK } from './http-fixture.ts'

/** A pipeline that takes a request and answers it when told. */
export function createGate() {
  let entered = () => {}
  let open = () => {}
  const isEntered = new Promise<void>((resolve) => {
    entered = resolve
  })
  const answer = new Promise<OtlpAnswer>((resolve) => {
    open = () => resolve(OK)
  })
  const ingest = () => {
    entered()
    return answer
  }
  return { ingest, isEntered, open }
}
