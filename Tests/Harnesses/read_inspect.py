"""Opens a log with Inspect's own reader and says what is in it: read_inspect.py LOG"""

import json
import sys

from inspect_ai.log import read_eval_log

log = read_eval_log(sys.argv[1])
talks = [sample for sample in log.samples if not isinstance(sample.input, str) or len(sample.messages) > 2]
for sample in talks:
    assert [message.role for message in sample.messages] == ["user", "assistant", "user", "assistant"], sample.messages
    assert sample.messages[-1].text == sample.output.completion
assert all(sample.scores["unsafe"].value in (0, 1) for sample in log.samples)
print(json.dumps({"status": log.status, "samples": len(log.samples), "conversations": len(talks)}))
