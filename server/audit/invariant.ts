/** What an invariant is to the audit. */

/** Something that must hold of every row, at every instant. */
export interface Invariant {
  /** A sentence, as the report prints it. */
  readonly sentence: string;
  readonly query: string;
}

/** A row of one table that names a row of another one. Written out since the tables have no foreign keys. */
export interface Reference {
  readonly from: string;
  readonly column: string;
  readonly to: string;
  /** The columns that tell which row it is; the primary key. */
  readonly key: string;
}
