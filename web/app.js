// The chat page: talks to /v1 on the node that served it, streams answers, measures them.
import { render } from "./markdown.js";

const $ = (id) => document.getElementById(id);
const DEFAULTS = { temperature: "0.7", top_p: "0.95", top_k: "40", repetition_penalty: "1", max_tokens: "", seed: "", system: "" };
const SLIDERS = ["temperature", "top_p", "repetition_penalty"];
const STORE = "assay-settings";
const HINT = $("stats").textContent;

let models = [];
let messages = []; // {role, content}, as sent
let running = null; // AbortController while an answer arrives

// --- settings -----------------------------------------------------------------------------------------------------

function loadSettings() {
  let saved = {};
  try {
    saved = JSON.parse(localStorage.getItem(STORE)) ?? {};
  } catch {
    // unreadable or forbidden storage: defaults do
  }
  for (const [name, value] of Object.entries(DEFAULTS)) $(name).value = typeof saved[name] === "string" ? saved[name] : value;
  showValues();
}

function saveSettings() {
  showValues();
  try {
    localStorage.setItem(STORE, JSON.stringify(Object.fromEntries(Object.keys(DEFAULTS).map((name) => [name, $(name).value]))));
  } catch {
    // private windows may forbid storage; the settings then last as long as the page
  }
}

function showValues() {
  for (const name of SLIDERS) $(name + "-value").textContent = Number($(name).value).toFixed(2);
}

function requestBody() {
  const system = $("system").value.trim();
  const body = {
    model: $("model").value,
    messages: [...(system ? [{ role: "system", content: system }] : []), ...messages],
    ...Object.fromEntries(SLIDERS.map((name) => [name, Number($(name).value)])),
    stream: true,
    stream_options: { include_usage: true },
  };
  for (const name of ["top_k", "max_tokens", "seed"]) if ($(name).value.trim() !== "") body[name] = Number($(name).value);
  return JSON.stringify(body);
}

// --- the page -----------------------------------------------------------------------------------------------------

function showError(text) {
  $("error").textContent = text;
  $("error").hidden = !text;
}

function atEnd() {
  const box = $("conversation");
  return box.scrollHeight - box.scrollTop - box.clientHeight < 60;
}

function addMessage(role) {
  $("welcome").hidden = true;
  const article = document.createElement("article");
  article.className = role;
  const name = document.createElement("h3");
  name.textContent = role === "user" ? "You" : "Model";
  const body = document.createElement("div");
  body.className = "body";
  article.append(name, body);
  $("conversation").append(article);
  return { article, body };
}

function addTools(article, text) {
  const copy = document.createElement("button");
  copy.type = "button";
  copy.className = "quiet";
  copy.textContent = "Copy";
  copy.setAttribute("aria-label", "Copy this answer");
  copy.addEventListener("click", () => copyText(text, copy));
  article.append(copy);
}

async function copyText(text, button) {
  try {
    await navigator.clipboard.writeText(text);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Copying is blocked here";
  }
  setTimeout(() => (button.textContent = "Copy"), 1500);
}

function setRunning(controller) {
  running = controller;
  $("send").hidden = controller !== null;
  $("stop").hidden = controller === null;
  $("conversation").setAttribute("aria-busy", String(controller !== null));
}

function showStats(stats, done) {
  const parts = [];
  if (stats.first) parts.push(`First token after ${((stats.first - stats.start) / 1000).toFixed(2)} s`);
  const seconds = (stats.last - stats.first) / 1000;
  if (stats.tokens > 1 && seconds > 0) parts.push(`${((stats.tokens - 1) / seconds).toFixed(1)} tokens/s`);
  if (stats.tokens) parts.push(`${stats.tokens} tokens`);
  if (stats.prompt) parts.push(`${stats.prompt} in the prompt${stats.cached ? ` (${stats.cached} cached)` : ""}`);
  if (done && stats.reason === "length") parts.push("stopped at the length limit");
  if (done && stats.reason === "stopped") parts.push("stopped by you");
  $("stats").textContent = parts.join(" · ") || (done ? "" : "Thinking …");
}

// --- talking to the node ------------------------------------------------------------------------------------------

async function explain(response) {
  let message = `The node answered ${response.status}.`;
  try {
    message = (await response.json()).error.message;
  } catch {
    // not our JSON: the status has to do
  }
  if (response.status === 429) return `The node is busy. Try again in ${response.headers.get("Retry-After") ?? "a few"} s. (${message})`;
  return message;
}

/// Yields the parsed `data:` objects of a server-sent event stream.
async function* events(response) {
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let buffer = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    buffer += value;
    const blocks = buffer.split("\n\n");
    buffer = blocks.pop();
    for (const block of blocks) {
      if (!block.startsWith("data: ")) continue;
      const data = block.slice(6);
      if (data === "[DONE]") return;
      yield JSON.parse(data);
    }
  }
}

async function receive(controller, onText, stats) {
  const response = await fetch("v1/chat/completions", { method: "POST", headers: { "Content-Type": "application/json" }, body: requestBody(), signal: controller.signal });
  if (!response.ok) throw new Error(await explain(response));
  for await (const event of events(response)) {
    if (event.error) throw new Error(event.error.message);
    if (event.usage) {
      stats.tokens = event.usage.completion_tokens;
      stats.prompt = event.usage.prompt_tokens;
      stats.cached = event.usage.prompt_tokens_details?.cached_tokens ?? 0;
    }
    const choice = event.choices[0];
    if (!choice) continue;
    if (choice.finish_reason) stats.reason = choice.finish_reason;
    if (!choice.delta.content) continue;
    stats.last = performance.now();
    stats.first ??= stats.last;
    ++stats.tokens;
    onText(choice.delta.content);
  }
}

async function ask(text) {
  showError("");
  const chat = messages; // "New chat" starts another array while this answer may still arrive
  chat.push({ role: "user", content: text });
  const question = addMessage("user");
  question.body.textContent = text;
  const answer = addMessage("assistant");
  answer.body.classList.add("waiting");
  $("conversation").scrollTop = $("conversation").scrollHeight;

  const controller = new AbortController();
  const stats = { start: performance.now(), tokens: 0 };
  let content = "";
  let frame = 0;
  const draw = () => {
    frame = 0;
    const follow = atEnd();
    answer.body.classList.toggle("waiting", content === "");
    answer.body.replaceChildren(...render(content));
    showStats(stats, false);
    if (follow) $("conversation").scrollTop = $("conversation").scrollHeight;
  };
  setRunning(controller);
  showStats(stats, false);
  try {
    await receive(controller, (delta) => {
      content += delta;
      frame ||= requestAnimationFrame(draw);
    }, stats);
  } catch (error) {
    if (controller.signal.aborted) stats.reason = "stopped";
    else showError(error instanceof TypeError ? "The node cannot be reached. Is it still running?" : error.message);
  }
  cancelAnimationFrame(frame);
  setRunning(null);
  if (chat !== messages) return;
  draw();
  answer.body.classList.remove("waiting");
  showStats(stats, true);
  if (content) {
    chat.push({ role: "assistant", content });
    addTools(answer.article, content);
  } else if (stats.reason && stats.reason !== "stopped") {
    answer.body.append("(an empty answer)");
    chat.push({ role: "assistant", content: "" });
  } else { // nothing was said: give the question back for another try
    chat.pop();
    question.article.remove();
    answer.article.remove();
    if (!$("prompt").value) $("prompt").value = text;
    grow();
  }
  $("prompt").focus();
}

function showModel() {
  const model = models.find((candidate) => candidate.id === $("model").value);
  const facts = model?.assay ?? {};
  const rows = { Architecture: facts.architecture, Context: facts.context_length && `${facts.context_length} tokens`, Arithmetic: facts.arithmetic, "Instruction set": facts.isa, Commitment: facts.commitment };
  $("model-facts").replaceChildren(...Object.entries(rows).filter(([, value]) => value).flatMap(([name, value]) => {
    const term = document.createElement("dt");
    const detail = document.createElement("dd");
    term.textContent = name;
    detail.textContent = value;
    return [term, detail];
  }));
  document.title = model ? `${model.id} - Assay chat` : "Assay chat";
}

async function loadModels() {
  try {
    const response = await fetch("v1/models");
    if (!response.ok) throw new Error(await explain(response));
    models = (await response.json()).data.filter((model) => model.assay?.chat);
    $("model").replaceChildren(...models.map((model) => new Option(model.id, model.id)));
    showModel();
    if (models.length === 0) showError("This node serves no model that can chat.");
  } catch (error) {
    showError(error instanceof TypeError ? "The node cannot be reached. Is it still running?" : error.message);
  }
}

function grow() {
  const box = $("prompt");
  box.style.height = "auto";
  box.style.height = Math.min(box.scrollHeight + 2, 200) + "px";
}

function showSettings(open) {
  $("settings").hidden = !open;
  $("settings-toggle").setAttribute("aria-expanded", String(open));
  $("settings-toggle").textContent = open ? "Close settings" : "Settings";
}

async function submit() {
  const text = $("prompt").value.trim();
  if (!text || running) return;
  if (!$("settings").checkValidity()) {
    showSettings(true); // what is wrong can be shown only where it is seen
    $("settings").reportValidity();
    return;
  }
  if (models.length === 0) { // the node was not there when the page was opened
    showError("");
    await loadModels();
    if (models.length === 0) return;
  }
  $("prompt").value = "";
  grow();
  ask(text);
}

$("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  submit();
});
$("prompt").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || event.shiftKey || event.isComposing) return;
  event.preventDefault();
  submit();
});
$("prompt").addEventListener("input", grow);
$("stop").addEventListener("click", () => running?.abort());
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") running?.abort();
});
$("clear").addEventListener("click", () => {
  running?.abort();
  messages = [];
  for (const article of document.querySelectorAll("#conversation article")) article.remove();
  $("welcome").hidden = false;
  $("stats").textContent = HINT;
  showError("");
  $("prompt").focus();
});
$("conversation").addEventListener("click", (event) => {
  const button = event.target.closest(".copy-code");
  if (button) copyText(button.closest(".code").querySelector("code").textContent, button);
});
$("settings").addEventListener("input", saveSettings);
$("settings").addEventListener("submit", (event) => event.preventDefault());
$("settings-toggle").addEventListener("click", () => showSettings($("settings").hidden));
$("reset").addEventListener("click", () => {
  for (const [name, value] of Object.entries(DEFAULTS)) $(name).value = value;
  saveSettings();
});
$("model").addEventListener("change", showModel);

loadSettings();
loadModels();
