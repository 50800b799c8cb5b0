// What users typed is nobody's business here: it is dropped before anything is stored or judged.
// The names are those of the OpenTelemetry GenAI conventions (old and new), of OpenLLMetry and of
// OpenInference, and the plain ones that image services use.

const EXACT = new Set([
  'prompt',
  'negative_prompt',
  'signalbox.prompt',
  'signalbox.negative_prompt',
  'gen_ai.prompt',
  'gen_ai.negative_prompt',
  'gen_ai.request.prompt',
  'gen_ai.input.messages',
  'gen_ai.system_instructions',
  'llm.prompts',
  'input.value',
  'traceloop.entity.input',
])

/** `gen_ai.prompt.0.content` and its like; the *name* of a prompt template is not its text. */
const INDEXED = /^(?:gen_ai\.prompt|llm\.prompts|llm\.input_messages)\.\d/

export function isPromptText(attribute: string): boolean {
  return EXACT.has(attribute) || INDEXED.test(attribute)
}
