/** Plain text tables for people: columns padded to their widest cell, numbers to the right. */

export interface Column {
  readonly title: string;
  readonly align?: 'left' | 'right';
  /** Longer cells are cut with an ellipsis. */
  readonly max?: number;
  /** Where longer cells are cut: `end` unless told. */
  readonly cut?: 'start' | 'end';
}

/** A column of files: of a long path the end is worth more. */
export const fileColumn = (title: string, max = 48): Column => ({ title, max, cut: 'start' });

function clip(text: string, { max, cut }: Column): string {
  const flat = text.replace(/\s+/g, ' ');
  if (max === undefined || flat.length <= max) return flat;
  return cut === 'start' ? `…${flat.slice(1 - max)}` : `${flat.slice(0, max - 1)}…`;
}

/** The table as lines, title row first. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string[] {
  const cells = [columns.map((column) => column.title), ...rows].map((row) =>
    row.map((cell, i) => clip(cell, columns[i])),
  );
  const widths = columns.map((_, i) => Math.max(...cells.map((row) => row[i].length)));
  return cells.map((row) =>
    row
      .map((cell, i) => (columns[i].align === 'right' ? cell.padStart(widths[i]) : cell.padEnd(widths[i])))
      .join('  ')
      .trimEnd(),
  );
}

/** A figure with three decimals, or a dash where there is none. */
export const figure = (value: number | null): string => (value === null ? '-' : value.toFixed(3));
