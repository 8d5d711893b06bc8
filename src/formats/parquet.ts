/** Parquet files, and the one door to hyparquet-writer: rows of plain values, written group by group. */
import { fileWriter, parquetWriteRows } from 'hyparquet-writer';
import { replaceFile } from '../util/files.ts';

/** A column; values may be null. `JSON` takes any plain value. */
export interface ParquetColumn {
  readonly name: string;
  readonly type: 'STRING' | 'INT32' | 'DOUBLE' | 'BOOLEAN' | 'JSON';
}

const ROWS_PER_GROUP = 10_000;

/** Writes rows, whole or not at all; the same rows give the same bytes. Memory holds one group of 10,000 rows. */
export async function writeParquet(
  path: string,
  columns: readonly ParquetColumn[],
  rows: AsyncIterable<Readonly<Record<string, unknown>>>,
): Promise<void> {
  await replaceFile(path, async (temporary) => {
    await parquetWriteRows({
      writer: fileWriter(temporary),
      rows: rows as AsyncIterable<Record<string, unknown>>,
      columns: columns.map((column) => ({ ...column, nullable: true })),
      rowGroupSize: ROWS_PER_GROUP,
      createdBy: 'biomedparse',
    });
  });
}
