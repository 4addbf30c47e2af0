// Markdown-lite: what chat models write most. Builds nodes from text only, so no answer can inject markup or script.

const INLINE = /(`+)([\s\S]+?)\1|\*\*([^*\n]+?)\*\*|__([^_\n]+?)__|\*([^*\s][^*\n]*?)\*|\[([^\]\n]+)\]\((https?:\/\/[^\s)]+)\)/g;

function element(name, children = [], attributes = {}) {
  const node = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
}

function inline(text) {
  const nodes = [];
  let end = 0;
  for (const match of text.matchAll(INLINE)) {
    if (match.index > end) nodes.push(text.slice(end, match.index));
    const [whole, , code, strong, strong2, emphasis, label, url] = match;
    if (code !== undefined) nodes.push(element("code", [code]));
    else if (strong ?? strong2) nodes.push(element("strong", inline(strong ?? strong2)));
    else if (emphasis !== undefined) nodes.push(element("em", inline(emphasis)));
    else nodes.push(element("a", [label], { href: url, rel: "noopener noreferrer nofollow", target: "_blank" }));
    end = match.index + whole.length;
  }
  if (end < text.length) nodes.push(text.slice(end));
  return nodes;
}

function codeBlock(language, lines) {
  const code = element("code", [lines.join("\n")]);
  const copy = element("button", ["Copy"], { type: "button", class: "copy-code" });
  return element("div", [element("div", [element("span", [language || "code"]), copy], { class: "code-head" }), element("pre", [code])], { class: "code" });
}

function paragraph(lines) {
  const children = [];
  lines.forEach((line, index) => {
    if (index > 0) children.push(document.createElement("br"));
    children.push(...inline(line));
  });
  return element("p", children);
}

const FENCE = /^\s*(```+|~~~+)\s*([\w+#.-]*)\s*$/;
const HEADING = /^(#{1,6})\s+(.*)$/;
const BULLET = /^\s*[-*+]\s+(.*)$/;
const NUMBER = /^\s*(\d{1,9})[.)]\s+(.*)$/;
const QUOTE = /^>\s?(.*)$/;

/// Nodes for `text`; an unfinished code block (while streaming) is shown as far as it goes.
export function render(text) {
  const lines = text.split("\n");
  const nodes = [];
  let i = 0;
  const collect = (pattern, pick) => {
    const found = [];
    for (; i < lines.length && pattern.test(lines[i]); ++i) found.push(pick(lines[i].match(pattern)));
    return found;
  };
  while (i < lines.length) {
    const fence = lines[i].match(FENCE);
    if (fence) {
      const start = ++i;
      while (i < lines.length && lines[i].trim() !== fence[1]) ++i;
      nodes.push(codeBlock(fence[2], lines.slice(start, i)));
      ++i;
    } else if (HEADING.test(lines[i])) {
      const [, marks, title] = lines[i++].match(HEADING);
      nodes.push(element("h" + Math.min(6, marks.length + 2), inline(title)));
    } else if (BULLET.test(lines[i])) {
      nodes.push(element("ul", collect(BULLET, (m) => element("li", inline(m[1])))));
    } else if (NUMBER.test(lines[i])) {
      const start = lines[i].match(NUMBER)[1];
      nodes.push(element("ol", collect(NUMBER, (m) => element("li", inline(m[2]))), { start }));
    } else if (QUOTE.test(lines[i])) {
      nodes.push(element("blockquote", [paragraph(collect(QUOTE, (m) => m[1]))]));
    } else if (lines[i].trim() === "") {
      ++i;
    } else {
      const block = [];
      const special = (line) => line.trim() === "" || FENCE.test(line) || HEADING.test(line) || BULLET.test(line) || NUMBER.test(line) || QUOTE.test(line);
      do block.push(lines[i++]);
      while (i < lines.length && !special(lines[i]));
      nodes.push(paragraph(block));
    }
  }
  return nodes;
}
