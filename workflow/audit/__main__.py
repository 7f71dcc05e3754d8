"""`python -m workflow.audit`: measure what the audit finds and write forcefields/opls-aa/AUDIT.md."""

from __future__ import annotations

from workflow.audit.rates import RECORD, measure, record
from workflow.job import ROOT

if __name__ == "__main__":
    (ROOT / RECORD).write_text(record(measure(ROOT)), encoding="utf-8")
    print(f"written: {RECORD}")
