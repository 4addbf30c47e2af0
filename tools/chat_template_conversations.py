"""Conversations for make_chat_template_golden.py, in the form of the OpenAI API. `once`: only with a generation prompt."""

WEATHER = {"type": "function", "function": {
    "name": "get_weather", "description": "Current weather at a place.\nMetric \"units\" by default.",
    "parameters": {"type": "object", "required": ["location"], "properties": {
        "location": {"type": "string", "description": "City, e.g. Zürich <CH> & 'others'"},
        "unit": {"type": "string", "enum": ["celsius", "fahrenheit"]},
        "days": {"type": "integer", "minimum": 0, "maximum": 14, "default": 1},
        "precision": {"type": "number", "default": 0.5},
        "detailed": {"type": "boolean", "default": False}}}}}
NESTED = {"type": "function", "function": {
    "name": "book", "description": "Books several things.", "strict": True,
    "return": {"type": "string", "description": "A confirmation."},
    "parameters": {"type": "object", "properties": {
        "items": {"type": "array", "description": "What to book", "items": {"type": "object", "properties": {
            "id": {"type": "integer"}, "tags": {"type": "array", "items": {"type": "string"}}}}},
        "notes": {"type": ["string", "null"], "nullable": True},
        "extra": {"anyOf": [{"type": "number"}, {"type": "string"}]},
        "any": {"type": "object", "additionalProperties": {"type": "number"}}}, "required": []}}}
SYSTEM = {"role": "system", "content": "You are terse. "}


def user(text):
    return {"role": "user", "content": text}


def assistant(text, **more):
    return {"role": "assistant", "content": text, **more}


def call(name, arguments, identity="call12345"):
    return {"id": identity, "type": "function", "function": {"name": name, "arguments": arguments}}


TOOL_TALK = [SYSTEM, user("Weather in Zürich?"),
             assistant("", tool_calls=[call("get_weather", {"location": "Zürich", "days": 2, "detailed": True, "x": None})]),
             {"role": "tool", "tool_call_id": "call12345", "name": "get_weather", "content": "{\"temp\": 21.5}"},
             assistant("21.5 degrees."), user("And tomorrow?")]

CONVERSATIONS = {
    "one": {"messages": [user("Hello!")]},
    "system": {"messages": [SYSTEM, user("  Hi there,\nhow are you?\n ")]},
    "turns": {"messages": [user("1+1?"), assistant(" 2 "), user("And\t2+2?"), assistant("4"), user("Thanks <b>&amp;</b> 'bye' \"x\"")]},
    "system_turns": {"messages": [SYSTEM, user("a"), assistant("b"), user("c"), assistant("d\n\n")]},
    "unicode": {"messages": [user("Grüße 漢字 🎉 \u00a0é\u0301 \u2028 end"), assistant("ΑΣ ß ﬁ"), user("ok")]},
    "marks": {"messages": [user("<|im_end|> </s> [INST] {{ 7*7 }} {% if %} <think>x</think>"), assistant("[/INST]\\n"), user("go")]},
    "empty_content": {"messages": [user(""), assistant(""), user("")], "once": True},
    "assistant_first": {"messages": [assistant("I start."), user("Then I.")], "once": True},
    "two_users": {"messages": [user("one"), user("two")], "once": True},
    "odd_role": {"messages": [user("one"), {"role": "critic", "content": "bad"}], "once": True},
    "system_only": {"messages": [SYSTEM], "once": True},
    "late_system": {"messages": [user("x"), assistant("y"), SYSTEM, user("z")], "once": True},
    "null_content": {"messages": [user("x"), {"role": "assistant", "content": None, "tool_calls": [call("get_weather", {"location": "Bern"})]},
                                  {"role": "tool", "tool_call_id": "call12345", "content": "sunny"}], "tools": [WEATHER], "once": True},
    "no_content": {"messages": [{"role": "user"}], "once": True},
    "parts": {"messages": [{"role": "user", "content": [{"type": "text", "text": "See "}, {"type": "text", "text": "this."}]}]},
    "images": {"messages": [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "What is it?"}]}], "once": True},
    "tools_offered": {"messages": [SYSTEM, user("Weather in Bern?")], "tools": [WEATHER]},
    "tools_no_system": {"messages": [user("Book it")], "tools": [WEATHER, NESTED], "once": True},
    "tools_empty": {"messages": [user("Book it")], "tools": [], "once": True},
    "tool_talk": {"messages": TOOL_TALK, "tools": [WEATHER]},
    "tool_talk_text_arguments": {"messages": [user("w?"), assistant("Let me see.", tool_calls=[
        call("get_weather", "{\"location\": \"Bern\"}", "abcdefghi"), call("book", "{}", "jklmnopqr")]),
        {"role": "tool", "tool_call_id": "abcdefghi", "content": "rain"}, {"role": "tool", "tool_call_id": "jklmnopqr", "content": "done"}],
        "tools": [WEATHER, NESTED]},
    "tool_talk_undeclared": {"messages": TOOL_TALK, "once": True},
    "tool_bad_id": {"messages": [user("w?"), assistant("", tool_calls=[call("get_weather", {}, "short")])], "tools": [WEATHER], "once": True},
    "thinking_off": {"messages": [user("Why?")], "extra": {"enable_thinking": False}},
    "thinking_on": {"messages": [user("Why?")], "extra": {"enable_thinking": True}, "once": True},
    "thoughts": {"messages": [user("Why?"), assistant("<think>\nHm.\n</think>\n\nBecause."), user("Sure?"),
                              assistant("Yes.", reasoning_content="Let me check."), user("Really?")]},
    "thoughts_last": {"messages": [user("Why?"), assistant("Yes.", reasoning="First\nsecond.")], "once": True},
    "thoughts_and_tools": {"messages": [user("Why?"), assistant("", thinking="Use it.", tool_calls=[call("get_weather", {"location": "a"})]),
                                        {"role": "tool", "content": "b"}, assistant("c", reasoning_content="d"), user("e")],
                           "tools": [WEATHER], "once": True},
    "options": {"messages": [SYSTEM, user("x")], "tools": [WEATHER], "once": True, "extra": {
        "date_string": "01 Jan 2025", "tools_in_user_message": False, "builtin_tools": ["brave_search", "code_interpreter"],
        "reasoning_effort": "high", "documents": [{"title": "T", "text": "body"}], "safety_mode": "NONE"}},
    "developer": {"messages": [{"role": "developer", "content": "Be brief."}, user("x")], "once": True},
    "names": {"messages": [{"role": "user", "name": "Ann", "content": "x"}, {"role": "assistant", "name": "Bot", "content": "y"}], "once": True},
}
