// OpenAI's JavaScript client against the node: `node client.mjs URL`.
import assert from "node:assert/strict";
import OpenAI from "openai";

const client = new OpenAI({ baseURL: process.argv[2] + "/v1", apiKey: "none", maxRetries: 0 });
const { data } = await client.models.list();
const model = data[0].id;
assert.equal((await client.models.retrieve(model)).id, model);

const request = { model, messages: [{ role: "user", content: "Name three fruits." }], temperature: 0, max_tokens: 16 };
const whole = await client.chat.completions.create(request);
assert.ok(whole.choices[0].message.content.length > 0);

let text = "";
let usage = null;
for await (const chunk of await client.chat.completions.create({ ...request, stream: true, stream_options: { include_usage: true } })) {
  text += chunk.choices[0]?.delta?.content ?? "";
  usage = chunk.usage ?? usage;
}
assert.equal(text, whole.choices[0].message.content);
assert.equal(usage.completion_tokens, whole.usage.completion_tokens);

const helper = client.chat.completions.stream(request);
assert.equal(await helper.finalContent(), text);

const schema = { type: "object", properties: { colour: { enum: ["red", "green"] } }, required: ["colour"], additionalProperties: false };
const shaped = await client.chat.completions.create({ ...request, max_tokens: 100, response_format: { type: "json_schema", json_schema: { name: "pick", strict: true, schema } } });
assert.ok(["red", "green"].includes(JSON.parse(shaped.choices[0].message.content).colour));

const completion = await client.completions.create({ model, prompt: "Once upon a time", max_tokens: 4, temperature: 0 });
assert.equal(completion.usage.completion_tokens, 4);

await assert.rejects(client.chat.completions.create({ ...request, temperature: 9 }), (error) => error instanceof OpenAI.BadRequestError && error.param === "temperature");
await assert.rejects(client.chat.completions.create({ ...request, model: "gpt-9" }), (error) => error instanceof OpenAI.NotFoundError && error.code === "model_not_found");

const facts = data[0].assay;
if (facts.embeds) {
  const vectors = await client.embeddings.create({ model, input: ["a", "b"] });
  assert.equal(vectors.data[1].embedding.length, facts.embedding_dimensions);
}

const aborted = new AbortController();
const stream = await client.chat.completions.create({ ...request, max_tokens: 500, stream: true }, { signal: aborted.signal });
for await (const chunk of stream) {
  assert.ok(chunk.id);
  aborted.abort();
}
console.log("ok");
