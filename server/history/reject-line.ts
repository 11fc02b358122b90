/** A file of rejected rows: our own format, with what is wrong beside each row, so that it can be put right and imported. */
import { csvLine } from '../tables/index.ts';
import { OF_REJECTS, OPTIONAL, REQUIRED } from './columns.ts';
import type { Rejection } from './run.ts';

const COLUMNS = [...REQUIRED, ...OPTIONAL] as const;

/** The first line of a reject file. */
export const REJECT_HEADER = csvLine([...COLUMNS, ...OF_REJECTS]);

/** A rejected row as a line of a reject file. */
export const rejectLine = ({ line, problem, cells, text }: Rejection): string =>
  csvLine([...COLUMNS.map((column) => cells?.[column] ?? ''), String(line), problem, text ?? '']);
