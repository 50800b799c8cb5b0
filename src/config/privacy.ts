import { z } from 'zod'
import type { PrivateReason } from '../model/withheld.ts'

// What is never kept, unless nobody sends it: text that people typed, their images, credentials.
// Names are those of the OpenTelemetry GenAI and HTTP conventions (old and new), of OpenLLMetry and
// OpenInference, and the plain ones that image services use. `*` stands for anything, case is
// ignored. Free text (span names, status messages, log lines) is not searched.

/** Left out. The first reason whose names match is counted. */
export const DROPPED: Readonly<Record<Exclude<PrivateReason, 'setting'>, readonly string[]>> = {
  prompt: [
    'prompt',
    'negative_prompt',
    'signalbox.prompt',
    'signalbox.negative_prompt',
    'gen_ai.prompt',
    // `gen_ai.prompt.0.content`; but `gen_ai.prompt.name` is the name of a template, not its text.
    'gen_ai.prompt.*.*',
    'gen_ai.negative_prompt',
    'gen_ai.request.prompt',
    'gen_ai.completion',
    'gen_ai.completion.*.*',
    'gen_ai.input.messages',
    'gen_ai.output.messages',
    'gen_ai.system_instructions',
    'gen_ai.event.content',
    'gen_ai.tool.call.arguments',
    'gen_ai.tool.call.result',
    'llm.prompts',
    'llm.prompts.*',
    'llm.prompt_template.variables',
    'llm.completions',
    'llm.completions.*',
    'llm.input_messages*',
    'llm.output_messages*',
    'input.value',
    'output.value',
    'traceloop.entity.input',
    'traceloop.entity.output',
  ],
  // The image itself, as base64.
  image: ['init_image', 'mask_image', 'control_image', 'input_image', 'image_base64', 'image_b64'],
  credential: [
    // `http.request.header.authorization`, `rpc.grpc.request.metadata.authorization`, …
    '*authorization',
    // `set-cookie` too.
    '*cookie',
    '*cookies',
    '*api-key',
    '*api_key',
    '*apikey',
    '*auth-token',
    '*auth_token',
    '*access_token',
    '*refresh_token',
    '*client_secret',
    '*private_key',
    '*password',
    'db.connection_string',
  ],
}

/** Replaced by a keyed hash, so that the same image can still be recognised, and nothing else. */
export const HASHED: Readonly<Record<'image', readonly string[]>> = {
  image: ['*image_url', '*image_urls', '*image.url', '*mask_url', '*image_uri', '*image.uri'],
}

/** Events of the GenAI conventions whose body, or attribute `content`, is what people typed. */
export const PROMPT_EVENTS: readonly string[] = [
  'gen_ai.user.message',
  'gen_ai.system.message',
  'gen_ai.assistant.message',
  'gen_ai.tool.message',
  'gen_ai.choice',
  'gen_ai.content.prompt',
  'gen_ai.content.completion',
  'gen_ai.client.inference.operation.details',
]

/** Of the longest part without `*`: what is searched for in every request must be rare. */
const LETTERS_MIN = 3

const AttributeName = z
  .string()
  .max(200)
  // No character that JSON may write in two ways: names are searched for in the bytes.
  .regex(
    /^[!#-.0-[\]-~]+$/,
    'a name of printable ASCII without spaces, quotes and slashes; * is anything',
  )
  .refine((name) => name.split('*').some((part) => part.length >= LETTERS_MIN), {
    message: `needs ${LETTERS_MIN} characters in a row that are not *`,
  })

/**
 * Names in addition to the built-in ones, which always hold. One that is to be dropped and hashed
 * is dropped.
 */
export const PrivacySettings = z
  .strictObject({
    drop: z.array(AttributeName).max(200).default([]),
    hash: z.array(AttributeName).max(200).default([]),
  })
  .prefault({})
export type PrivacySettings = z.output<typeof PrivacySettings>
