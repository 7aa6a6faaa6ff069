"""Writes `goldens.json`: chat templates that use what the published ones of 40 model families use, and what transformers
renders with them.

Run: python make_goldens.py   (needs transformers and jinja2; recorded with transformers 5.24 and Jinja2 3.1.6)
The templates are our own: each has the constructs of the family it is named after, and other words.
"""

import copy
import datetime
import json
from pathlib import Path

from transformers.utils import chat_template_utils


class Frozen(datetime.datetime):
    @classmethod
    def now(cls, tz=None):
        return cls(2026, 3, 5, 14, 7, 9)


chat_template_utils.datetime = Frozen

FAMILIES = {
    "llama-2": """{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}{% set system_message = messages[0]['content'] %}{% else %}{% set loop_messages = messages %}{% set system_message = false %}{% endif %}{% for message in loop_messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Turns must go user/assistant/user/assistant') }}{% endif %}{% if loop.index0 == 0 and system_message != false %}{% set content = '<<S>>\\n' + system_message + '\\n<</S>>\\n\\n' + message['content'] %}{% else %}{% set content = message['content'] %}{% endif %}{% if message['role'] == 'user' %}{{ bos_token + '[I] ' + content.strip() + ' [/I]' }}{% elif message['role'] == 'assistant' %}{{ ' ' + content.strip() + ' ' + eos_token }}{% endif %}{% endfor %}""",
    "llama-3": """{% set loop_messages = messages %}{% for message in loop_messages %}{% set content = '<|head|>' + message['role'] + '<|/head|>\n\n'+ message['content'] | trim + '<|turn|>' %}{% if loop.index0 == 0 %}{% set content = bos_token + content %}{% endif %}{{ content }}{% endfor %}{% if add_generation_prompt %}{{ '<|head|>assistant<|/head|>\n\n' }}{% endif %}""",
    "llama-3.1": """{{- bos_token }}
{%- if custom_tools is defined %}
    {%- set tools = custom_tools %}
{%- endif %}
{%- if not date_string is defined %}
    {%- set date_string = "01 Jan 2025" %}
{%- endif %}
{%- if not tools is defined %}
    {%- set tools = none %}
{%- endif %}

{#- The first message may be the system's. #}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}

{{- "<|head|>system<|/head|>\\n\\n" }}
{%- if tools is not none %}
    {{- "Environment: shell\\n" }}
{%- endif %}
{{- "Known until: May 2024\\nToday: " + date_string + "\\n\\n" }}
{%- if tools is not none %}
    {{- "Answer with a call.\\n\\n" }}
    {%- for t in tools %}
        {{- t | tojson(indent=4) }}
        {{- "\\n\\n" }}
    {%- endfor %}
{%- endif %}
{{- system_message }}
{{- "<|turn|>" }}
{%- for message in messages %}
    {%- if not (message.role == 'ipython' or message.role == 'tool' or 'tool_calls' in message) %}
        {{- '<|head|>' + message['role'] + '<|/head|>\\n\\n'+ message['content'] | trim + '<|turn|>' }}
    {%- elif 'tool_calls' in message %}
        {%- if not message.tool_calls|length == 1 %}
            {{- raise_exception("One call at a time!") }}
        {%- endif %}
        {%- set tool_call = message.tool_calls[0].function %}
        {{- '<|head|>assistant<|/head|>\\n\\n' -}}
        {{- '{"name": "' + tool_call.name + '", ' }}
        {{- '"parameters": ' }}
        {{- tool_call.arguments | tojson }}
        {{- "}" }}
        {{- "<|turn|>" }}
    {%- elif message.role == "tool" or message.role == "ipython" %}
        {{- "<|head|>ipython<|/head|>\\n\\n" }}
        {%- if message.content is mapping or message.content is iterable %}
            {{- message.content | tojson }}
        {%- else %}
            {{- message.content }}
        {%- endif %}
        {{- "<|turn|>" }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|head|>assistant<|/head|>\\n\\n' }}
{%- endif %}
""",
    "llama-3.2": """{{- bos_token }}
{%- if not date_string is defined %}
    {%- if strftime_now is defined %}
        {%- set date_string = strftime_now("%d %b %Y") %}
    {%- else %}
        {%- set date_string = "01 Jan 2025" %}
    {%- endif %}
{%- endif %}
{%- set ns = namespace(images=false) %}
{%- for message in messages %}
    {%- if message['content'] is not string %}
        {%- for content in message['content'] %}
            {%- if content['type'] == 'image' %}{%- set ns.images = true %}{%- endif %}
        {%- endfor %}
    {%- endif %}
{%- endfor %}
{{- "<|head|>system<|/head|>\\n\\nToday: " ~ date_string ~ "<|turn|>" }}
{%- for message in messages %}
    {{- '<|head|>' + message['role'] + '<|/head|>\\n\\n' }}
    {%- if message['content'] is string %}
        {{- message['content'] }}
    {%- else %}
        {%- for content in message['content'] %}
            {%- if content['type'] == 'image' %}{{- '<|image|>' }}{%- elif content['type'] == 'text' %}{{- content['text'] }}{%- endif %}
        {%- endfor %}
    {%- endif %}
    {{- '<|turn|>' }}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|head|>assistant<|/head|>\\n\\n' }}{%- endif %}""",
    "llama-3.3": """{{- bos_token }}{%- if tools_in_user_message is not defined %}{%- set tools_in_user_message = true %}{%- endif %}{%- set t = tools | default([], true) %}{%- for m in messages if m.role != 'system' %}{{- loop.index ~ '/' ~ loop.length ~ ':' ~ (m.content | trim if m.content is string else '') ~ '\\n' }}{%- endfor %}{{- t | length }}""",
    "mistral-v1": """{{ bos_token }}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Roles must alternate user/assistant') }}{% endif %}{% if message['role'] == 'user' %}{{ '[I] ' + message['content'] + ' [/I]' }}{% elif message['role'] == 'assistant' %}{{ message['content'] + eos_token}}{% else %}{{ raise_exception('Only user and assistant roles are known!') }}{% endif %}{% endfor %}""",
    "mistral-v3": """{%- if messages[0]["role"] == "system" %}
    {%- set system_message = messages[0]["content"] %}
    {%- set loop_messages = messages[1:] %}
{%- else %}
    {%- set loop_messages = messages %}
{%- endif %}
{%- if not tools is defined %}
    {%- set tools = none %}
{%- endif %}
{%- set user_messages = loop_messages | selectattr("role", "equalto", "user") | list %}

{%- set ns = namespace() %}
{%- set ns.index = 0 %}
{%- for message in loop_messages %}
    {%- if not (message.role == "tool" or message.role == "tool_results" or (message.tool_calls is defined and message.tool_calls is not none)) %}
        {%- if (message["role"] == "user") != (ns.index % 2 == 0) %}
            {{- raise_exception("After the system message, roles must alternate") }}
        {%- endif %}
        {%- set ns.index = ns.index + 1 %}
    {%- endif %}
{%- endfor %}

{{- bos_token }}
{%- for message in loop_messages %}
    {%- if message["role"] == "user" %}
        {%- if tools is not none and (message == user_messages[-1]) %}
            {{- "[TOOLS] [" }}
            {%- for tool in tools %}
                {%- set tool = tool.function %}
                {{- '{"type": "function", "function": {' }}
                {%- for key, val in tool.items() if key != "return" %}
                    {%- if val is string %}
                        {{- '"' + key + '": "' + val + '"' }}
                    {%- else %}
                        {{- '"' + key + '": ' + val|tojson }}
                    {%- endif %}
                    {%- if not loop.last %}
                        {{- ", " }}
                    {%- endif %}
                {%- endfor %}
                {{- "}}" }}
                {%- if not loop.last %}
                    {{- ", " }}
                {%- else %}
                    {{- "]" }}
                {%- endif %}
            {%- endfor %}
            {{- "[/TOOLS]" }}
        {%- endif %}
        {%- if loop.last and system_message is defined %}
            {{- "[I] " + system_message + "\\n\\n" + message["content"] + "[/I]" }}
        {%- else %}
            {{- "[I] " + message["content"] + "[/I]" }}
        {%- endif %}
    {%- elif message.tool_calls is defined and message.tool_calls is not none %}
        {{- "[CALLS] [" }}
        {%- for tool_call in message.tool_calls %}
            {%- set out = tool_call.function|tojson %}
            {{- out[:-1] }}
            {%- if not tool_call.id is defined or tool_call.id|length != 9 %}
                {{- raise_exception("Ids of calls have 9 characters!") }}
            {%- endif %}
            {{- ', "id": "' + tool_call.id + '"}' }}
            {%- if not loop.last %}{{- ", " }}{%- else %}{{- "]" + eos_token }}{%- endif %}
        {%- endfor %}
    {%- elif message["role"] == "assistant" %}
        {{- " " + message["content"]|trim + eos_token}}
    {%- elif message["role"] == "tool_results" or message["role"] == "tool" %}
        {%- if message.content is defined and message.content.content is defined %}
            {%- set content = message.content.content %}
        {%- else %}
            {%- set content = message.content %}
        {%- endif %}
        {{- '[RESULTS] {"content": ' + content|string + ", " }}
        {{- '"id": "' + message.tool_call_id + '"}[/RESULTS]' }}
    {%- else %}
        {{- raise_exception("Only user and assistant roles are known!") }}
    {%- endif %}
{%- endfor %}
""",
    "mistral-v7": """{%- set today = strftime_now("%Y-%m-%d") %}
{%- set default_system_message = "You tend lamps.\\nToday is " + today + "." %}
{{- bos_token }}
{%- if messages[0]['role'] == 'system' %}
    {%- if messages[0]['content'] is string %}
        {%- set system_message = messages[0]['content'] %}
    {%- else %}
        {%- set system_message = messages[0]['content'][0]['text'] %}
    {%- endif %}
    {%- set loop_messages = messages[1:] %}
{%- else %}
    {%- set system_message = default_system_message %}
    {%- set loop_messages = messages %}
{%- endif %}
{{- '[SYS]' + system_message + '[/SYS]' }}
{%- for message in loop_messages %}
    {%- if message['role'] == 'user' %}
        {%- if message['content'] is string %}
            {{- '[I]' + message['content'] + '[/I]' }}
        {%- else %}
            {{- '[I]' }}
            {%- for block in message['content'] %}
                {%- if block['type'] == 'text' %}{{- block['text'] }}
                {%- elif block['type'] in ['image', 'image_url'] %}{{- '[IMG]' }}
                {%- else %}{{- raise_exception('Only text and image blocks are known!') }}
                {%- endif %}
            {%- endfor %}
            {{- '[/I]' }}
        {%- endif %}
    {%- elif message['role'] == 'assistant' %}
        {{- message['content'] + eos_token }}
    {%- endif %}
{%- endfor %}""",
    "magistral": """{{- bos_token }}{%- set default_system_message = 'First think.\\n[THINK]like this[/THINK]\\nThen answer.' %}{%- if messages[0]['role'] == 'system' %}{%- set system_message = messages[0]['content'] %}{%- set loop_messages = messages[1:] %}{%- else %}{%- set system_message = default_system_message %}{%- set loop_messages = messages %}{%- endif %}{{- '[SYS]' + system_message + '[/SYS]' }}{%- for m in loop_messages %}{{- '[I]' + m.content + '[/I]' if m.role == 'user' else m.content + eos_token }}{%- endfor %}""",
    "qwen-2": """{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|b|>system\nYou tend lamps.<|e|>\n' }}{% endif %}{{'<|b|>' + message['role'] + '\n' + message['content'] + '<|e|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|b|>assistant\n' }}{% endif %}""",
    "qwen-2.5": """{%- if tools %}
    {{- '<|b|>system\\n' }}
    {%- if messages[0]['role'] == 'system' %}
        {{- messages[0]['content'] }}
    {%- else %}
        {{- 'You tend lamps.' }}
    {%- endif %}
    {{- "\\n\\n# Tools\\n<tools>" }}
    {%- for tool in tools %}
        {{- "\\n" }}
        {{- tool | tojson }}
    {%- endfor %}
    {{- "\\n</tools><|e|>\\n" }}
{%- else %}
    {%- if messages[0]['role'] == 'system' %}
        {{- '<|b|>system\\n' + messages[0]['content'] + '<|e|>\\n' }}
    {%- else %}
        {{- '<|b|>system\\nYou tend lamps.<|e|>\\n' }}
    {%- endif %}
{%- endif %}
{%- for message in messages %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) or (message.role == "assistant" and not message.tool_calls) %}
        {{- '<|b|>' + message.role + '\\n' + message.content + '<|e|>' + '\\n' }}
    {%- elif message.role == "assistant" %}
        {{- '<|b|>' + message.role }}
        {%- if message.content %}
            {{- '\\n' + message.content }}
        {%- endif %}
        {%- for tool_call in message.tool_calls %}
            {%- if tool_call.function is defined %}
                {%- set tool_call = tool_call.function %}
            {%- endif %}
            {{- '\\n<call>\\n{"name": "' }}
            {{- tool_call.name }}
            {{- '", "arguments": ' }}
            {{- tool_call.arguments | tojson }}
            {{- '}\\n</call>' }}
        {%- endfor %}
        {{- '<|e|>\\n' }}
    {%- elif message.role == "tool" %}
        {%- if (loop.index0 == 0) or (messages[loop.index0 - 1].role != "tool") %}
            {{- '<|b|>user' }}
        {%- endif %}
        {{- '\\n<result>\\n' }}
        {{- message.content }}
        {{- '\\n</result>' }}
        {%- if loop.last or (messages[loop.index0 + 1].role != "tool") %}
            {{- '<|e|>\\n' }}
        {%- endif %}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|b|>assistant\\n' }}
{%- endif %}
""",
    "qwen-3": """{%- set ns = namespace(multi_step_tool=true, last_query_index=messages|length - 1) %}
{%- for message in messages[::-1] %}
    {%- set index = (messages|length - 1) - loop.index0 %}
    {%- if ns.multi_step_tool and message.role == "user" and message.content is string and not(message.content.startswith('<result>') and message.content.endswith('</result>')) %}
        {%- set ns.multi_step_tool = false %}
        {%- set ns.last_query_index = index %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- if message.content is string %}
        {%- set content = message.content %}
    {%- else %}
        {%- set content = '' %}
    {%- endif %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) %}
        {{- '<|b|>' + message.role + '\\n' + content + '<|e|>' + '\\n' }}
    {%- elif message.role == "assistant" %}
        {%- set reasoning_content = '' %}
        {%- if message.reasoning_content is string %}
            {%- set reasoning_content = message.reasoning_content %}
        {%- else %}
            {%- if '</think>' in content %}
                {%- set reasoning_content = content.split('</think>')[0].rstrip('\\n').split('<think>')[-1].lstrip('\\n') %}
                {%- set content = content.split('</think>')[-1].lstrip('\\n') %}
            {%- endif %}
        {%- endif %}
        {%- if loop.index0 > ns.last_query_index %}
            {%- if loop.last or (not loop.last and reasoning_content) %}
                {{- '<|b|>' + message.role + '\\n<think>\\n' + reasoning_content.strip('\\n') + '\\n</think>\\n\\n' + content.lstrip('\\n') }}
            {%- else %}
                {{- '<|b|>' + message.role + '\\n' + content }}
            {%- endif %}
        {%- else %}
            {{- '<|b|>' + message.role + '\\n' + content }}
        {%- endif %}
        {{- '<|e|>\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|b|>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\\n\\n</think>\\n\\n' }}
    {%- endif %}
{%- endif %}""",
    "qwen-3-coder": """{% macro render_item_list(item_list, tag_name='required') %}
    {%- if item_list is defined and item_list is iterable and item_list | length > 0 %}
        {%- if tag_name %}{{- '\\n<' ~ tag_name ~ '>' -}}{% endif %}
            {{- '[' }}
                {%- for item in item_list -%}
                    {%- if loop.index > 1 %}{{- ", "}}{% endif -%}
                    {%- if item is string -%}
                        {{ "`" ~ item ~ "`" }}
                    {%- else -%}
                        {{ item }}
                    {%- endif -%}
                {%- endfor -%}
            {{- ']' }}
        {%- if tag_name %}{{- '</' ~ tag_name ~ '>' -}}{% endif %}
    {%- endif %}
{% endmacro %}
{%- if tools is iterable and tools | length > 0 %}
    {%- for tool in tools %}
        {%- if tool.function is defined %}{%- set tool = tool.function %}{%- endif %}
        {{- "\\n<function>\\n<name>" ~ tool.name ~ "</name>" }}
        {%- for param_name, param_fields in tool.parameters.properties|items %}
            {{- '\\n<name>' ~ param_name ~ '</name>' }}
            {%- if param_fields.type is defined %}{{- '\\n<type>' ~ (param_fields.type | string) ~ '</type>' }}{%- endif %}
            {{- render_item_list(param_fields.enum, 'enum') }}
            {%- set handled_keys = ['type', 'description', 'enum', 'required'] %}
            {%- for json_key, json_value in param_fields|items %}
                {%- if json_key not in handled_keys %}
                    {%- set normed = json_key|replace("-", "_")|replace(" ", "_") %}
                    {{- '\\n<' ~ normed ~ '>' ~ (json_value | tojson | safe if json_value is mapping else json_value | string) ~ '</' ~ normed ~ '>' }}
                {%- endif %}
            {%- endfor %}
        {%- endfor %}
        {{- render_item_list(tool.parameters.required) }}
    {%- endfor %}
{%- endif %}
{%- for message in messages %}{{- '<|b|>' + message.role + '\\n' + (message.content | string | trim) + '<|e|>\\n' }}{%- endfor %}
{%- if add_generation_prompt %}{{- '<|b|>assistant\\n' }}{%- endif %}""",
    "qwq": """{%- for message in messages %}{%- if message.role == "assistant" and not message.tool_calls %}{%- set content = (message.content.split('</think>')|last).lstrip('\\n') %}{{- '<|b|>' + message.role + '\\n' + content + '<|e|>' + '\\n' }}{%- else %}{{- '<|b|>' + message.role + '\\n' + message.content + '<|e|>' + '\\n' }}{%- endif %}{%- endfor %}{%- if add_generation_prompt %}{{- '<|b|>assistant\\n<think>\\n' }}{%- endif %}""",
    "gemma-2": """{{ bos_token }}{% if messages[0]['role'] == 'system' %}{{ raise_exception('A system role is not known') }}{% endif %}{% for message in messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Roles must alternate') }}{% endif %}{% if (message['role'] == 'assistant') %}{% set role = 'model' %}{% else %}{% set role = message['role'] %}{% endif %}{{ '<turn>' + role + '\n' + message['content'] | trim + '</turn>\n' }}{% endfor %}{% if add_generation_prompt %}{{'<turn>model\n'}}{% endif %}""",
    "gemma-3": """{{ bos_token }}
{%- if messages[0]['role'] == 'system' -%}
    {%- if messages[0]['content'] is string -%}
        {%- set first_user_prefix = messages[0]['content'] + '

' -%}
    {%- else -%}
        {%- set first_user_prefix = messages[0]['content'][0]['text'] + '

' -%}
    {%- endif -%}
    {%- set loop_messages = messages[1:] -%}
{%- else -%}
    {%- set first_user_prefix = "" -%}
    {%- set loop_messages = messages -%}
{%- endif -%}
{%- for message in loop_messages -%}
    {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) -%}
        {{ raise_exception("Roles must alternate") }}
    {%- endif -%}
    {%- if (message['role'] == 'assistant') -%}
        {%- set role = "model" -%}
    {%- else -%}
        {%- set role = message['role'] -%}
    {%- endif -%}
    {{ '<turn>' + role + '
' + (first_user_prefix if loop.first else "") }}
    {%- if message['content'] is string -%}
        {{ message['content'] | trim }}
    {%- elif message['content'] is iterable -%}
        {%- for item in message['content'] -%}
            {%- if item['type'] == 'image' -%}
                {{ '<image>' }}
            {%- elif item['type'] == 'text' -%}
                {{ item['text'] | trim }}
            {%- endif -%}
        {%- endfor -%}
    {%- else -%}
        {{ raise_exception("Unknown content") }}
    {%- endif -%}
    {{ '</turn>
' }}
{%- endfor -%}
{%- if add_generation_prompt -%}
    {{'<turn>model
'}}
{%- endif -%}
""",
    "phi-3": """{% for message in messages %}{% if message['role'] == 'system' %}{{'<|system|>\n' + message['content'] + '<|end|>\n'}}{% elif message['role'] == 'user' %}{{'<|user|>\n' + message['content'] + '<|end|>\n'}}{% elif message['role'] == 'assistant' %}{{'<|assistant|>\n' + message['content'] + '<|end|>\n'}}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>\n' }}{% else %}{{ eos_token }}{% endif %}""",
    "phi-4": """{% for message in messages %}{% if (message['role'] == 'system') %}{{'<|b|>system<|s|>' + message['content'] + '<|e|>'}}{% elif (message['role'] == 'user') %}{{'<|b|>user<|s|>' + message['content'] + '<|e|>'}}{% elif (message['role'] == 'assistant') %}{{'<|b|>assistant<|s|>' + message['content'] + '<|e|>'}}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|b|>assistant<|s|>' }}{% endif %}""",
    "phi-4-mini": """{% for message in messages %}{% if message['role'] == 'system' and 'tools' in message and message['tools'] is not none %}{{ '<|' + message['role'] + '|>' + message['content'] + '<|tool|>' + message['tools'] + '<|/tool|>' + '<|end|>' }}{% else %}{{ '<|' + message['role'] + '|>' + message['content'] + '<|end|>' }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|assistant|>' }}{% else %}{{ eos_token }}{% endif %}""",
    "smollm-2": """{% for message in messages %}{% if loop.first and messages[0]['role'] != 'system' %}{{ '<|b|>system\nYou tend lamps<|e|>\n' }}{% endif %}{{'<|b|>' + message['role'] + '\n' + message['content'] + '<|e|>' + '\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|b|>assistant\n' }}{% endif %}""",
    "smollm-3": """{# settings #}
{%- if enable_thinking is not defined -%}
{%- set enable_thinking = true -%}
{%- endif -%}
{%- if enable_thinking -%}
  {%- set reasoning_mode = "/think" -%}
{%- else -%}
  {%- set reasoning_mode = "/no_think" -%}
{%- endif -%}
{{- "<|b|>system\\n" -}}
{%- if messages[0].role == "system" -%}
  {%- set system_message = messages[0].content -%}
  {%- if "/no_think" in system_message -%}
    {%- set reasoning_mode = "/no_think" -%}
  {%- elif "/think" in system_message -%}
    {%- set reasoning_mode = "/think" -%}
  {%- endif -%}
  {%- set custom_instructions = system_message.replace("/no_think", "").replace("/think", "").rstrip() -%}
{%- endif -%}
{%- if "/system_override" in (system_message | default("")) -%}
  {{- custom_instructions.replace("/system_override", "").rstrip() -}}
{%- else -%}
  {{- "## Facts\\n\\nToday: " -}}
  {%- set today = strftime_now("%d %B %Y") -%}
  {{- today ~ "\\nMode: " + reasoning_mode + "\\n\\n" -}}
  {%- if custom_instructions -%}
    {{- custom_instructions + "\\n\\n" -}}
  {%- else -%}
    {{- "You tend lamps.\\n\\n" -}}
  {%- endif -%}
{%- endif -%}
{{- "<|e|>\\n" -}}
{%- for message in messages -%}
    {%- set content = message.content if message.content is string else "" -%}
    {%- if message.role == "user" -%}
        {{ "<|b|>" + message.role + "\\n"  + content + "<|e|>\\n" }}
    {%- elif message.role == "assistant" -%}
        {% generation %}
        {%- if reasoning_mode == "/think" -%}
            {{ "<|b|>assistant\\n" + content.lstrip("\\n") + "<|e|>\\n" }}
        {%- else -%}
            {{ "<|b|>assistant\\n" + "<think>\\n\\n</think>\\n" + content.lstrip("\\n") + "<|e|>\\n" }}
        {%- endif -%}
        {% endgeneration %}
    {%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}
    {%- if reasoning_mode == "/think" -%}{{ "<|b|>assistant\\n" }}{%- else -%}{{ "<|b|>assistant\\n" + "<think>\\n\\n</think>\\n" }}{%- endif -%}
{%- endif -%}
""",
    "deepseek-r1": """{% if not add_generation_prompt is defined %}{% set add_generation_prompt = false %}{% endif %}{% set ns = namespace(is_first=false, is_tool=false, is_output_first=true, system_prompt='') %}{%- for message in messages %}{%- if message['role'] == 'system' %}{% set ns.system_prompt = message['content'] %}{%- endif %}{%- endfor %}{{bos_token}}{{ns.system_prompt}}{%- for message in messages %}{%- if message['role'] == 'user' %}{%- set ns.is_tool = false -%}{{'<|U|>' + message['content']}}{%- endif %}{%- if message['role'] == 'assistant' and message['content'] is none %}{%- set ns.is_tool = false -%}{%- for tool in message['tool_calls']%}{%- if not ns.is_first %}{{'<|A|><|C|>' + tool['type'] + '<|sep|>' + tool['function']['name'] + '\\n' + '```json' + '\\n' + tool['function']['arguments'] + '\\n' + '```'}}{%- set ns.is_first = true -%}{%- endif %}{%- endfor %}{%- endif %}{%- if message['role'] == 'assistant' and message['content'] is not none %}{%- if ns.is_tool %}{{'<|O|>' + message['content'] + '<|E|>'}}{%- set ns.is_tool = false -%}{%- else %}{% set content = message['content'] %}{% if '</think>' in content %}{% set content = content.split('</think>')[-1] %}{% endif %}{{'<|A|>' + content + '<|E|>'}}{%- endif %}{%- endif %}{%- if message['role'] == 'tool' %}{%- set ns.is_tool = true -%}{{'<|O|>' + message['content']}}{%- endif %}{%- endfor -%}{% if ns.is_tool %}{{'<|/O|>'}}{% endif %}{% if add_generation_prompt and not ns.is_tool %}{{'<|A|><think>\\n'}}{% endif %}""",
    "deepseek-v3": """{%- set ns = namespace(first=true, prompt='') -%}{%- for m in messages -%}{%- if m.role == 'system' -%}{%- if ns.first -%}{%- set ns.prompt = ns.prompt + m.content -%}{%- set ns.first = false -%}{%- else -%}{%- set ns.prompt = ns.prompt + '\\n\\n' + m.content -%}{%- endif -%}{%- endif -%}{%- endfor -%}{{ bos_token }}{{ ns.prompt }}{%- for m in messages -%}{%- if m.role == 'user' -%}{{ '<|U|>' + m.content }}{%- elif m.role == 'assistant' -%}{{ '<|A|>' + m.content + '<|E|>' }}{%- endif -%}{%- endfor -%}{%- if add_generation_prompt -%}{{ '<|A|>' }}{%- if not thinking -%}{{ '</think>' }}{%- else -%}{{ '<think>' }}{%- endif -%}{%- endif -%}""",
    "command-r": """{{ bos_token }}{% if messages[0]['role'] == 'system' %}{% set loop_messages = messages[1:] %}{% set system_message = messages[0]['content'] %}{% elif false == true %}{% set loop_messages = messages %}{% set system_message = 'You tend lamps.' %}{% else %}{% set loop_messages = messages %}{% set system_message = false %}{% endif %}{% if system_message != false %}{{ '<|T|><|S|>' + system_message + '<|E|>' }}{% endif %}{% for message in loop_messages %}{% if (message['role'] == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('Roles must alternate') }}{% endif %}{% set content = message['content'] %}{% if message['role'] == 'user' %}{{ '<|T|><|U|>' + content.strip() + '<|E|>' }}{% elif message['role'] == 'assistant' %}{{ '<|T|><|C|>' + content.strip() + '<|E|>' }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<|T|><|C|>' }}{% endif %}""",
    "command-r7b": """{%- macro document_turn(documents) -%}
{# Results of a search #}
<|T|>[
    {% for doc in documents %}
    {"id": {{ loop.index0 }}, "results": {{doc|tojson}}}{% if not loop.last %},
    {% endif %}
    {% endfor %}
]<|/T|>
{%- endmacro %}
{%- macro format_message(m) -%}
{%- if m.content is string -%}{{ m.content|replace('<|', '< |') }}{%- else -%}{% for c in m.content %}{{ c.text }}{% endfor %}{%- endif -%}
{%- endmacro -%}
{{ bos_token }}{% if documents %}{{ document_turn(documents) }}{% endif %}{% for m in messages %}<|{{ m.role | upper }}|>{{ format_message(m) }}{% endfor %}{%- if add_generation_prompt -%}<|C|>{%- endif %}""",
    "granite-3": """{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content'] %}
    {%- set loop_messages = messages[1:] %}
{%- else %}
    {%- set system_message = "Known until: May 2024.
Today: " + strftime_now('%B %d, %Y') + ".
You tend lamps." %}
    {%- if tools and documents %}
        {%- set system_message = system_message + " You have tools and documents." %}
    {%- elif tools %}
        {%- set system_message = system_message + " You have tools." %}
    {%- elif documents %}
        {%- set system_message = system_message + " You have documents." %}
    {%- elif thinking %}
        {%- set system_message = system_message + " Think first." %}
    {%- endif %}
    {%- set loop_messages = messages %}
{%- endif %}
{{- '<|r|>system<|/r|>' + system_message + '<|E|>
' }}
{%- if documents %}
    {{- '<|r|>documents<|/r|>' }}
    {%- for document in documents %}
        {{- 'Document ' + loop.index0 | string + '
' }}
        {{- document['text'] }}
        {%- if not loop.last %}
            {{- '

'}}
        {%- else %}
            {{- '<|E|>
' }}
        {%- endif %}
    {%- endfor %}
{%- endif %}
{%- for message in loop_messages %}
    {{- '<|r|>' + message['role'] + '<|/r|>' + message['content'] + '<|E|>
' }}
    {%- if loop.last and add_generation_prompt %}
        {{- '<|r|>assistant' }}
            {%- if controls %}
                {{- ' ' + controls | tojson()}}
            {%- endif %}
        {{- '<|/r|>' }}
    {%- endif %}
{%- endfor %}""",
    "olmo-2": """{{ bos_token }}{% for message in messages %}{% if message['role'] == 'system' %}{{ '<|system|>\n' + message['content'] + '\n' }}{% elif message['role'] == 'user' %}{{ '<|user|>\n' + message['content'] + '\n' }}{% elif message['role'] == 'assistant' %}{% if not loop.last %}{{ '<|assistant|>\n'  + message['content'] + eos_token + '\n' }}{% else %}{{ '<|assistant|>\n'  + message['content'] + eos_token }}{% endif %}{% endif %}{% if loop.last and add_generation_prompt %}{{ '<|assistant|>\n' }}{% endif %}{% endfor %}""",
    "falcon": """{% for message in messages %}{% if not loop.first %}{{ '\n' }}{% endif %}{{ message['role'].capitalize() + ': ' + message['content'].replace('\r\n', '\n').replace('\n\n', '\n') }}{% endfor %}{% if add_generation_prompt %}{{ '\nAssistant:' }}{% endif %}""",
    "falcon-3": """{%- if tools %}{{- '<|system|>\\n' }}{%- for tool in tools %}{{- tool | tojson ~ '\\n' }}{%- endfor %}{%- endif %}{% for message in messages %}{{ '<|' ~ message.role ~ '|>\\n' ~ message.content ~ '\\n' }}{% endfor %}{{ '<|assistant|>\\n' if add_generation_prompt }}""",
    "yi": """{% if not add_generation_prompt is defined %}{% set add_generation_prompt = false %}{% endif %}{% if messages[0]['role'] == 'system' %}{% set system_message = messages[0]['content'] %}{% endif %}{% if system_message is defined %}{{ system_message }}{% endif %}{% for message in messages %}{% set content = message['content'] %}{% if message['role'] == 'user' %}{{ '<|b|>user\\n' + content + '<|e|>\\n<|b|>assistant\\n' }}{% elif message['role'] == 'assistant' %}{{ content + '<|e|>' + '\\n' }}{% endif %}{% endfor %}""",
    "zephyr": """{% for message in messages %}
{% if message['role'] == 'user' %}
{{ '<|user|>\n' + message['content'] + eos_token }}
{% elif message['role'] == 'system' %}
{{ '<|system|>\n' + message['content'] + eos_token }}
{% elif message['role'] == 'assistant' %}
{{ '<|assistant|>\n'  + message['content'] + eos_token }}
{% endif %}
{% if loop.last and add_generation_prompt %}
{{ '<|assistant|>' }}
{% endif %}
{% endfor %}""",
    "vicuna": """{% set ns = namespace(text=bos_token ~ 'A talk about lamps.') %}{% for m in messages %}{% if m.role == 'user' %}{% set ns.text = ns.text ~ ' USER: ' ~ m.content.strip() %}{% elif m.role == 'assistant' %}{% set ns.text = ns.text ~ ' ASSISTANT: ' ~ m.content.strip() ~ eos_token %}{% endif %}{% endfor %}{{ ns.text ~ (' ASSISTANT:' if add_generation_prompt else '') }}""",
    "alpaca": """{{ (messages|selectattr('role', 'equalto', 'system')|list|last).content|trim if (messages|selectattr('role', 'equalto', 'system')|list) else '' }}

{% for message in messages %}
{% if message['role'] == 'user' %}
### Instruction:
{{ message['content']|trim -}}
{% if not loop.last %}


{% endif %}
{% elif message['role'] == 'assistant' %}
### Response:
{{ message['content']|trim -}}
{% if not loop.last %}


{% endif %}
{% endif %}
{% endfor %}
{% if add_generation_prompt and messages[-1]['role'] != 'assistant' %}
### Response:
{% endif %}""",
    "hermes-3": """{%- macro json_to_python_type(json_spec) %}
{%- set basic_type_map = {
    "string": "str",
    "number": "float",
    "integer": "int",
    "boolean": "bool"
} %}
{%- if basic_type_map[json_spec.type] is defined %}
    {{- basic_type_map[json_spec.type] }}
{%- elif json_spec.type == "array" %}
    {{- "list[" +  json_to_python_type(json_spec|attr_items if false else json_spec['items']) + "]"}}
{%- elif json_spec.type == "object" %}
    {%- if json_spec.additionalProperties is defined %}
        {{- "dict[str, " + json_to_python_type(json_spec.additionalProperties) + ']'}}
    {%- else %}
        {{- "dict" }}
    {%- endif %}
{%- elif json_spec.type is iterable %}
    {{- "Union[" }}
    {%- for t in json_spec.type %}
      {{- json_to_python_type({"type": t}) }}
      {%- if not loop.last %}
        {{- "," }}
    {%- endif %}
    {%- endfor %}
    {{- "]" }}
{%- else %}
    {{- "Any" }}
{%- endif %}
{%- endmacro %}
{{- bos_token }}
{%- for tool in tools or [] %}
  {%- set f = tool.function %}
  {{- f.name + "(" }}
  {%- for name, fields in f.parameters.properties|items %}
    {{- name + ": " + json_to_python_type(fields) }}
    {%- if not loop.last %}{{- ", " }}{%- endif %}
  {%- endfor %}
  {{- ")\\n" }}
{%- endfor %}
{%- for message in messages %}{{- '<|b|>' + message.role + '\\n' + message.content + '<|e|>' + '\\n' }}{%- endfor %}""".replace("json_spec|attr_items if false else ", ""),
    "gpt-oss": """{%- macro render_type(spec, depth=0) -%}
    {%- if spec.type == "array" -%}
        {%- if spec['items'] -%}{{- render_type(spec['items'], depth + 1) + "[]" -}}{%- else -%}{{- "any[]" -}}{%- endif -%}
    {%- elif spec.type is defined and spec.type is iterable and spec.type is not string and spec.type is not mapping and spec.type[0] is defined -%}
        {%- if spec.type | length > 1 -%}{{- spec.type | join(" | ") -}}{%- else -%}{{- spec.type[0] -}}{%- endif -%}
    {%- elif spec.oneOf -%}
        {%- for variant in spec.oneOf -%}{{- render_type(variant, depth + 1) -}}{%- if variant.default is defined -%}{{ " // default: " + variant.default|tojson }}{%- endif -%}{%- if not loop.last -%}{{- " | " }}{% endif -%}{%- endfor -%}
    {%- elif spec.type == "string" -%}
        {%- if spec.enum -%}{{- '"' + spec.enum|join('" | "') + '"' -}}{%- else -%}{{- "string" }}{%- if spec.nullable %}{{- " | null" -}}{%- endif -%}{%- endif -%}
    {%- elif spec.type in ("number", "integer") -%}{{- "number" -}}
    {%- elif spec.type == "object" -%}
        {%- if spec.properties -%}
            {{- "{\\n" -}}
            {%- for prop_name, prop_spec in spec.properties.items() -%}
                {{- "  " * (depth + 1) + prop_name -}}
                {%- if prop_name not in (spec.required or []) -%}{{- "?" -}}{%- endif -%}
                {{- ": " }}{{ render_type(prop_spec, depth + 1) }}{%- if not loop.last -%}{{-", " -}}{%- endif -%}{{- "\\n" -}}
            {%- endfor -%}
            {{- "}" -}}
        {%- else -%}{{- "object" -}}{%- endif -%}
    {%- else -%}{{- "any" -}}{%- endif -%}
{%- endmacro -%}
{%- set model_identity = model_identity | default("You tend lamps.") -%}
{{- "<|start|>system<|m|>" + model_identity + "\\nToday: " + strftime_now("%Y-%m-%d") + "\\n\\nReasoning: " + (reasoning_effort | default("medium")) + "<|end|>" }}
{%- if messages[0].role in ["developer", "system"] %}{%- set developer_message = messages[0].content %}{%- set loop_messages = messages[1:] %}{%- else %}{%- set developer_message = "" %}{%- set loop_messages = messages %}{%- endif %}
{%- if developer_message or tools %}{{- "<|start|>developer<|m|>" + developer_message }}{%- for tool in tools or [] %}{%- set tool = tool.function %}{{- "\\n// " + tool.description + "\\ntype " + tool.name + " = (_: " + render_type(tool.parameters) + ") => any;" }}{%- endfor %}{{- "<|end|>" }}{%- endif %}
{%- set last_tool_call = namespace(name=none) %}
{%- for message in loop_messages -%}
    {%- if message.role == 'assistant' -%}
        {%- set future_final_message = namespace(found=false) -%}
        {%- for future_message in loop_messages[loop.index:] -%}{%- if future_message.role == 'assistant' and "tool_calls" not in future_message -%}{%- set future_final_message.found = true -%}{%- endif -%}{%- endfor -%}
        {%- if message.thinking is defined and not future_final_message.found -%}{{- "<|start|>assistant<|c|>analysis<|m|>" + message.thinking + "<|end|>" -}}{%- endif -%}
        {%- if "tool_calls" in message -%}{%- set tool_call = message.tool_calls[0] -%}{%- if tool_call.function -%}{%- set tool_call = tool_call.function -%}{%- endif -%}{{- "to=" + tool_call.name + tool_call.arguments|tojson }}{%- set last_tool_call.name = tool_call.name -%}
        {%- else -%}{{- "<|start|>assistant<|c|>final<|m|>" + message.content + "<|end|>" -}}{%- set last_tool_call.name = none -%}{%- endif -%}
    {%- elif message.role == 'tool' -%}
        {%- if last_tool_call.name is none -%}{{- raise_exception("A result without a call") -}}{%- endif -%}
        {{- "<|start|>" + last_tool_call.name + "<|m|>" + message.content|tojson + "<|end|>" -}}
    {%- elif message.role == 'user' -%}{{- "<|start|>user<|m|>" + message.content + "<|end|>" -}}
    {%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}<|start|>assistant{%- endif -%}""",
    "glm-4": """[g]<s>{% if tools %}<|system|>{% for tool in tools %}{{ '\\n' }}{{ tool.function | tojson(ensure_ascii=False) }}{% endfor %}{% endif %}{%- macro visible_text(content) -%}
    {%- if content is string -%}
        {{- content }}
    {%- elif content is iterable and content is not mapping -%}
        {%- for item in content -%}
            {%- if item is mapping and item.type == 'text' -%}
                {{- item.text }}
            {%- elif item is string -%}
                {{- item }}
            {%- endif -%}
        {%- endfor -%}
    {%- else -%}
        {{- content }}
    {%- endif -%}
{%- endmacro -%}
{%- set ns = namespace(last_user_index=-1) %}
{%- for m in messages %}{%- if m.role == 'user' %}{% set ns.last_user_index = loop.index0 -%}{%- endif %}{%- endfor %}
{% for m in messages %}
{%- if m.role == 'user' -%}<|user|>
{{ visible_text(m.content) }}
{{- '/nothink' if (enable_thinking is defined and not enable_thinking and not visible_text(m.content).endswith("/nothink")) else '' -}}
{%- elif m.role == 'assistant' -%}<|assistant|>
{%- set content = visible_text(m.content) %}
{%- if loop.index0 > ns.last_user_index %}{{ '\\n<think></think>' }}{% endif %}{%- if content.strip() -%}{{ '\\n' + content.strip() }}{%- endif -%}
{%- elif m.role == 'system' -%}<|system|>
{{ visible_text(m.content) }}
{%- endif -%}
{%- endfor -%}
{%- if add_generation_prompt -%}<|assistant|>{{- '\\n<think></think>' if (enable_thinking is defined and not enable_thinking) else '' -}}{%- endif -%}""",
    "exaone": """{% for message in messages %}{% if loop.first and message['role'] != 'system' %}{{ '[|system|][|end|]\n' }}{% endif %}{{ '[|' + message['role'] + '|]' + message['content'] }}{% if message['role'] == 'user' %}{{ '\n' }}{% else %}{{ '[|end|]\n' }}{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '[|assistant|]' }}{% endif %}""",
    "solar": """{% for message in messages %}{% if message['role'] == 'system' %}{% if message['content']%}{{'### System:\n' + message['content']+'\n\n'}}{% endif %}{% elif message['role'] == 'user' %}{{'### User:\n' + message['content']+'\n\n'}}{% elif message['role'] == 'assistant' %}{{'### Assistant:\n'  + message['content']}}{% endif %}{% if loop.last and add_generation_prompt %}{{ '### Assistant:\n' }}{% endif %}{% endfor %}""",
    "nemotron": """{%- set ns = namespace(enable_thinking=true) -%}{%- for message in messages -%}{%- set content = message['content'] -%}{%- if message['role'] == 'user' or message['role'] == 'system' -%}{%- if '/think' in content -%}{%- set ns.enable_thinking = true -%}{%- elif '/no_think' in content -%}{%- set ns.enable_thinking = false -%}{%- endif -%}{%- endif -%}{%- endfor -%}{{ bos_token }}{%- for message in messages -%}{%- if loop.last and loop.index0 > 0 and loop.previtem.role == 'assistant' -%}{{ '<again>' }}{%- endif -%}{{ '<S>' ~ message.role|title ~ '\\n' ~ message.content | replace('/think', '') | replace('/no_think', '') | trim ~ '\\n' }}{%- endfor -%}{%- if add_generation_prompt -%}{{ '<S>Assistant\\n' }}{%- if ns.enable_thinking -%}{{ '<think>\\n' }}{%- else -%}{{ '<think></think>' }}{%- endif -%}{%- endif -%}""",
    "jamba": """{% set blocks %}{% for m in messages %}<{{ m.role }}>{{ m.content | e if false else m.content }}</{{ m.role }}>{% endfor %}{% endset %}{{ bos_token ~ blocks | trim }}{% call(role) (namespace(a=1) and wrap) if false else None %}{% endcall %}""".replace("{% call(role) (namespace(a=1) and wrap) if false else None %}{% endcall %}", "{% macro wrap(x) %}({{ caller(x) }}){% endmacro %}{% call(x) wrap('end') %}{{ x | upper }}{% endcall %}"),
    "internlm": """{{ bos_token }}{% for message in messages %}{{'<|b|>' + message['role'] + '\n' + message['content'] + '<|e|>' + '\n'}}{% endfor %}{% if add_generation_prompt and not messages[-1:] | selectattr('role', 'eq', 'assistant') | list %}{{ '<|b|>assistant\n' }}{% endif %}""",
    "minicpm": """{% for message in messages %}{% with r = message.role, c = message.content %}{% if r == 'user' %}{{ '<U>' + c.strip() + '<A>' }}{% else %}{{ c.strip() }}{% endif %}{% endwith %}{% endfor %}""",
    "starcoder-2": """{% for m in messages -%}
  {%- if m.role not in ('system', 'user', 'assistant') -%}{% continue %}{%- endif -%}
  {%- filter trim -%}
  ### {{ m.role | capitalize }}
  {%- endfilter %}
{{ m.content | indent(2, first=true) }}
  {%- if loop.index >= 6 %}{% break %}{% endif %}
{% endfor %}""",
}

TOOLS = [
    {"type": "function", "function": {"name": "light", "description": "Lights a lamp.", "parameters": {
        "type": "object", "required": ["id"], "properties": {
            "id": {"type": "integer", "description": "Which \u00e9"}, "colour": {"type": "string", "enum": ["red", "blue"]},
            "times": {"type": "array", "items": {"type": "number"}}, "mode": {"type": ["string", "null"]},
            "more": {"type": "object", "additionalProperties": {"type": "boolean"}}}}}},
    {"type": "function", "function": {"name": "dim", "description": "Dims <it> & \"more\".", "parameters": {
        "type": "object", "properties": {}}}},
]


def say(role, content, **more):
    return {"role": role, "content": content, **more}


CALL = say("assistant", "", tool_calls=[{"id": "abcdefghi", "type": "function", "function": {
    "name": "light", "arguments": {"id": 3, "colour": "r\u00e9d", "on": True, "off": None, "x": 1.0}}}])
CHATS = {
    "user": [say("user", "please tell me the lamp")],
    "system": [say("system", "  You are terse. "), say("user", "Tell <b>me</b>, it's \u00e9\u4e2d\ud83d\ude42\n")],
    "turns": [say("user", " one "), say("assistant", "<think>\nhm\n</think>\n\ntwo\n"), say("user", "three\r\n\r\n/no_think"),
              say("assistant", "four"), say("user", "{{ five }} {% six %}")],
    "all": [say("system", "S /think"), say("user", "u"), say("assistant", "a"), say("user", "v")],
    "ends with an answer": [say("user", "u"), say("assistant", "a")],
    "two users": [say("user", "u"), say("user", "v")],
    "parts": [say("user", [{"type": "image"}, {"type": "text", "text": " look "}])],
    "calls": [say("user", "u"), CALL, say("tool", "42", tool_call_id="abcdefghi"), say("user", "v")],
}
TOKENS = {"bos_token": "<s>", "eos_token": "</s>"}


def variables():
    for name, chat in CHATS.items():
        yield name, {"messages": chat, "tools": None, "documents": None, "add_generation_prompt": True, **TOKENS}
    plain = {"messages": CHATS["all"], "documents": None, "tools": None}
    yield "no generation prompt", {**plain, "add_generation_prompt": False, **TOKENS}
    yield "tools", {**plain, "tools": TOOLS, "add_generation_prompt": True, **TOKENS}
    yield "documents", {**plain, "documents": [{"title": "t", "text": "x"}, {"title": "u", "text": "y"}],
                        "add_generation_prompt": True, **TOKENS}
    yield "no thinking", {**plain, "add_generation_prompt": True, "enable_thinking": False, "thinking": True, **TOKENS}
    yield "no tokens", {"messages": CHATS["user"], "tools": None, "documents": None, "add_generation_prompt": True}


def rendered(template, values):
    try:
        # A copy: Jinja's `indent` adds to a list in place.
        return {"text": chat_template_utils._compile_jinja_template(template).render(**copy.deepcopy(values))}
    except Exception as error:
        return {"error": f"{type(error).__name__}: {error}"}


def recorded():
    cases = {name: values for name, values in variables()}
    families = [{"name": name, "template": template, "results": {case: rendered(template, values) for case, values in cases.items()}}
                for name, template in FAMILIES.items()]
    folder = Path(__file__).parent
    features = [line.replace("\\n", "\n") for line in (folder / "features.txt").read_text().split("\n")
                if line and not line.startswith("##")]
    return {"cases": cases, "families": families, "featureVariables": FEATURE_VARIABLES,
            "features": [{"template": template, "result": rendered(template, FEATURE_VARIABLES)} for template in features]}


FEATURE_VARIABLES = {
    "messages": CHATS["turns"], **TOKENS, "tools": None, "documents": None, "add_generation_prompt": True,
    "d": {"a": 1, "b": [1, 2.5, None, True, "x'y"], "c": {"k": "v"}, "items": 5}, "n": -7, "f": 2.5,
    "s": "hello World-foo  bar", "e": [], "z": 0, "lst": [3, 1, 2],
    "names": [{"n": "b", "v": 1}, {"n": "A", "v": 2}, {"n": "c"}],
}

if __name__ == "__main__":
    (Path(__file__).parent / "goldens.json").write_text(json.dumps(recorded(), indent=1) + "\n")
