"""Makes the Parquet files in crates/lem-core/tests/fixtures/datasets as the hub's own tools write them: by pyarrow, with
strings, conversations and null values, under both codecs that data sets are packed with."""

import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

MESSAGE = pa.struct([("from", pa.string()), ("value", pa.string())])


def table():
    rows = range(7)
    questions = [None if row == 3 else "" if row == 5 else f"Question {row}, où ?" for row in rows]
    conversations = [
        [{"from": "system", "value": "Be brief."}, {"from": "human", "value": f"Ask {row}"}, {"from": "gpt", "value": "So."}]
        for row in rows
    ]
    conversations[2] = []
    conversations[4] = None
    return pa.table(
        {
            "id": pa.array([f"r{row}" for row in rows], pa.string()),
            "question": pa.array(questions, pa.string()),
            "conversations": pa.array(conversations, pa.list_(MESSAGE)),
            "large": pa.array([f"long {row}" for row in rows], pa.large_string()),
            "length": pa.array([10 * (row + 1) for row in rows], pa.int64()),
        }
    )


def main():
    folder = Path(sys.argv[1])
    folder.mkdir(parents=True, exist_ok=True)
    # Row groups of three rows, so that a reader must go from one to the next.
    for codec in ["snappy", "zstd"]:
        pq.write_table(table(), folder / f"{codec}.parquet", compression=codec, row_group_size=3)


main()
