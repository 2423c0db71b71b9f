"""Writes what Hugging Face transformers makes of chat templates, so that lem_core::chat_template can be held to it.

The templates are written for this script. Each uses what a family of published ones uses: the same tags, white space
control, filters and methods.
"""

import json
import sys
from pathlib import Path

import jinja2
from transformers.utils.chat_template_utils import render_jinja_template

TOKENS = {"bos_token": "<s>", "eos_token": "</s>"}

TEMPLATES = {
    # Roles between markers, with a system message of its own where none is given.
    "markers": (
        "{% for message in messages %}"
        "{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|start|>system\\nYou help.<|stop|>\\n' }}{% endif %}"
        "{{'<|start|>' + message['role'] + '\\n' + message['content'] + '<|stop|>' + '\\n'}}"
        "{% endfor %}"
        "{% if add_generation_prompt %}{{ '<|start|>assistant\\n' }}{% endif %}"
    ),
    # The system message inside the first question.
    "brackets": """{%- if messages[0]["role"] == "system" %}
    {%- set system_message = messages[0]["content"] %}
    {%- set loop_messages = messages[1:] %}
{%- else %}
    {%- set loop_messages = messages %}
{%- endif %}
{{- bos_token }}
{%- for message in loop_messages %}
    {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}
        {{- raise_exception("Roles must alternate") }}
    {%- endif %}
    {%- if message["role"] == "user" %}
        {%- if loop.first and system_message is defined %}
            {{- "[INST] <<SYS>>\\n" + system_message + "\\n<</SYS>>\\n\\n" + message["content"].strip() + " [/INST]" }}
        {%- else %}
            {{- "[INST] " + message["content"].strip() + " [/INST]" }}
        {%- endif %}
    {%- else %}
        {{- " " + message["content"].strip() + " " + eos_token }}
    {%- endif %}
{%- endfor %}
""",
    # No place for a system message, and roles by other names.
    "turns": (
        "{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}"
        "{% for message in messages %}"
        "{% if (message['role'] == 'assistant') %}{% set role = 'model' %}{% else %}{% set role = message['role'] %}{% endif %}"
        "{{ '<turn>' + role + '\\n' + message['content'] | trim + '</turn>\\n' }}{% endfor %}"
        "{% if add_generation_prompt %}{{'<turn>model\\n'}}{% endif %}"
    ),
    # Indented blocks whose white space falls away by the options of the environment alone.
    "blocks": """{% for message in messages %}
    {% if message.role == 'system' %}
System: {{ message.content }}
    {% elif message.role == 'user' %}
  User: {{ message.content | trim }}
    {% endif %}

{% endfor %}
{% if add_generation_prompt %}
Assistant:
{% endif %}
""",
    # Macros, namespaces, loop controls and marks of generated parts.
    "macros": """{%- macro header(role, name=none) -%}
{{- '<|' ~ role ~ ('=' ~ name if name is not none else '') ~ '|>\\n' -}}
{%- endmacro -%}
{%- set ns = namespace(system='', count=0) -%}
{%- for message in messages -%}
    {%- if message.role == 'system' -%}
        {%- set ns.system = ns.system ~ message.content -%}
        {%- continue -%}
    {%- endif -%}
    {%- set ns.count = ns.count + 1 -%}
    {%- if ns.count > 8 -%}{%- break -%}{%- endif -%}
{%- endfor -%}
{%- if ns.system -%}
{{- header('system') -}}{{- ns.system -}}
{%- endif -%}
{%- for message in messages if message.role != 'system' -%}
{{- header(message.role, 'x') }}
{% generation %}{{ message.content }}{% endgeneration %}
{%- endfor %}
{%- if add_generation_prompt %}{{ header('assistant') }}{% endif -%}
""",
    # Methods and filters of strings and lists.
    "methods": """{%- for message in messages -%}
{{- message.role.upper() }}|{{ message.role.title() }}|{{ message.role[0] }}|{{ message.role[:2] }}|{{ message['role'][-1] }}
{{ message.content.lstrip().rstrip('\\n') }}|{{ message.content.split('\\n')[0] }}|{{ message.content.splitlines() | length }}
{{ message.content.replace('a', 'b') }}|{{ message.content.startswith('<') }}|{{ message.content.endswith('?') }}|{{ message.content.find('?') }}
{{ 'q' in message.content }}|{{ message.get('name', 'nobody') }}|{{ message.keys() | list | join(',') }}
{% for key, value in message.items() %}{{ key }}:{{ value | length }};{% endfor %}
{% endfor %}
{{- messages | map(attribute='role') | list | join('+') }}
{{ messages | selectattr('role', 'equalto', 'user') | list | length }}
{{ messages[0].content is string }}|{{ messages is iterable }}|{{ messages[0] is mapping }}|{{ nothing is defined }}|{{ nothing is none }}
{{ (messages | first).role }}|{{ (messages | last).role }}|{{ messages[::-1][0].role }}
{{ 7 // 2 }}|{{ 7 % 4 }}|{{ 2 ** 3 }}|{{ 1.0 }}|{{ 3 / 2 }}|{{ true }}|{{ none }}|{{ not messages }}
""",
    # Values as JSON.
    "json": """{{ messages | tojson }}
{{ messages[0] | tojson(indent=2) }}
{{ {'é': [1, 2.5, none, true], '<&\\'>': {}, 'e': []} | tojson }}
{{ messages[-1].content | tojson }}""",
    # A system message that is written whether there is one or not, and tools that there are not.
    "headers": """{{- bos_token }}
{%- if not tools is defined %}{%- set tools = none %}{%- endif %}
{%- if custom_tools is defined %}{%- set tools = custom_tools %}{%- endif %}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}
{{- "<|head|>system<|body|>\\n\\n" }}
{%- if tools is not none %}{{- "Environment: python\\n" }}{%- endif %}
{{- system_message }}
{{- "<|end|>" }}
{%- for message in messages %}
    {%- if not (message.role == 'ipython' or 'tool_calls' in message) %}
        {{- '<|head|>' + message['role'] + '<|body|>\\n\\n'+ message['content'] | trim + '<|end|>' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|head|>assistant<|body|>\\n\\n' }}{%- endif %}
""",
}

CHATS = [
    (None, "What is a prompt?"),
    ("Be brief.", "What is a prompt?"),
    ("  Be\nbrief.  ", "\n  <b>où ?</b> & 'q' \"a\"\n\nA second line {{ bos_token }} {% if %}\t\\ \n"),
    ("", ""),
]


def render(template, system, prompt):
    messages = [{"role": "user", "content": prompt}]
    if system is not None:
        messages.insert(0, {"role": "system", "content": system})
    try:
        rendered, _ = render_jinja_template([messages], chat_template=template, add_generation_prompt=True, **TOKENS)
        return {"text": rendered[0]}
    except jinja2.exceptions.TemplateError as error:
        return {"refused": str(error)}


def main():
    cases = [
        {"name": name, "template": template, "chats": [{"system": s, "prompt": p, **render(template, s, p)} for s, p in CHATS]}
        for name, template in TEMPLATES.items()
    ]
    text = json.dumps({"special_tokens": TOKENS, "cases": cases}, ensure_ascii=False, indent=1)
    Path(sys.argv[1]).write_text(text + "\n", encoding="utf-8")


main()
