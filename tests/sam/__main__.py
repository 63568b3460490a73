"""`python -m tests.sam`: records how the SAM CLI reads the template. Run it after a new version is installed."""

import json

from tests.sam.recording import RECORDED, record

if __name__ == "__main__":
    RECORDED.write_text(json.dumps(record(), indent=1, sort_keys=True) + "\n", encoding="utf-8")
