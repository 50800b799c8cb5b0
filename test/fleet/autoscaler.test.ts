import { expect, test } from 'vitest'
import { createAutoscaler } from '../../src/fleet/autoscaler.ts'

const create = () =>
  createAutoscaler({
    deployment: 'sd-eu',
    replicas: 24,
    replicasMax: 48,
    startsPerStep: 48,
    stepsUntilTimeout: 4,
  })
const CALM = { busy: 20, queued: 0 }
const SPIKE = { busy: 24, queued: 200 }

test('ordinary load wants nothing', () => {
  const autoscaler = create()
  expect(autoscaler.step(CALM)).toEqual([])
  expect(autoscaler.desired).toBe(24)
})

test('a spike doubles the deployment when nodes can be had', () => {
  const autoscaler = create()
  const reasons = autoscaler.step(SPIKE).map((event) => event.reason)
  expect(reasons).toEqual(['SuccessfulRescale', 'TriggeredScaleUp'])
  expect(autoscaler.available).toBe(48)
})

test('without nodes it says why, again and again, with growing counts', () => {
  const autoscaler = create()
  autoscaler.provisioning = false
  const events = [1, 2, 3, 4].flatMap(() => [...autoscaler.step(SPIKE)])
  expect(autoscaler).toMatchObject({ desired: 48, available: 24 })
  const scheduling = events.filter(({ uid }) => uid === 'sd-eu-7c9f4d-pending0.FailedScheduling')
  expect(scheduling.map(({ count }) => count)).toEqual([1, 2, 3, 4])
  expect(events.map(({ reason }) => reason)).toContain('ScaleUpTimedOut')
  expect(events.find(({ reason }) => reason === 'NotTriggerScaleUp')?.type).toBe('Normal')
})

test('a relieved deployment keeps what it asked for, and gets it when nodes come', () => {
  const autoscaler = create()
  autoscaler.provisioning = false
  autoscaler.step(SPIKE)
  autoscaler.step({ busy: 1, queued: 0 })
  expect(autoscaler.desired).toBe(48)
  autoscaler.provisioning = true
  autoscaler.step({ busy: 1, queued: 0 })
  expect(autoscaler.available).toBe(48)
})
